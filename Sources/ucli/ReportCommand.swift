// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Glibc
import PerfData
import Reports
import SystemPackage

/// `ucli report`, and `ucli` alone.
struct ReportCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Print the dumps of the module, of a saved recording, or the samples of a perf.data file.",
        discussion: """
            Without a file, dumps are read from the module, and what was printed is removed from its \
            buffer. With a filter nothing is removed, because not all was printed; with --follow everything is.

                ucli report                                   what is in the buffer
                ucli report --follow --pid 4711               each dump as it comes
                ucli report saved.rec --state D --since 5m    a recording of ucli record
                ucli report saved.rec --top --format plain    equal stacks counted
                ucli report saved.rec --format json > saved.jsonl
                ucli report saved.rec --format flamegraph -o saved.html
                ucli report saved.rec --kernel-first          as collapse scripts want it
                ucli report saved.rec --sysroot /mnt          with another machine's files

                perf record --call-graph dwarf ./program
                ucli report --perf-data perf.data --lines --format plain
            """)

    @Argument(help: "A file that ucli record wrote.", completion: .file())
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Read a file that perf record --call-graph dwarf wrote. It is no pipe: what perf writes into one, save first.",
            valueName: "file"),
        completion: .file())
    var perfData: String?

    @Flag(help: "Wait for dumps, and print each when it is complete, until interrupted.")
    var follow = false

    @OptionGroup var filter: FilterOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if file != nil, perfData != nil { throw ValidationError("Give one input: a file, or --perf-data.") }
        if perfData == "-" {
            throw ValidationError(
                "--perf-data reads no standard input, because samples are read in the order of their times: "
                    + "save them in a file, and name that.")
        }
        if follow, file != nil || perfData != nil {
            throw ValidationError("--follow is for the module's dumps, not for files.")
        }
        if perfData != nil, !filter.dump.isEmpty || filter.since != nil {
            throw ValidationError(
                "--dump and --since are for dumps: samples have no dump, and no time of day.")
        }
    }

    func execute() throws {
        if let perfData {
            try reportProfile(perfData)
        } else if let file {
            try reportRecording(file)
        } else if follow {
            try followDevice()
        } else {
            try reportDevice()
        }
    }

    private func reportDevice() throws {
        let device = try Device()
        let recording = try device.readRecording()
        if recording.dumps.isEmpty, recording.lastSequence == 0 {
            note("the buffer is empty: no watch has hit since it was drained")
            return
        }
        var printer = try ReportPrinter(filter, output)
        printer.printNotices(of: recording)
        try printer.print(recording.finishedDumps)
        try printer.finish()
        if let dump = recording.unfinishedDump {
            note("dump \(dump.id) is still being written: it is left for the next ucli")
        }
        if filter.isEmpty {
            try device.release(upTo: recording.lastFinishedSequence)
        } else {
            note("the dumps stay in the buffer, because filters left some of them out")
        }
        if !recording.damages.isEmpty { throw ExitCode(65) }
    }

    private func followDevice() throws {
        let stop = try StopSignal()
        let device = try Device()
        let printer = try DumpPrinter(ReportPrinter(filter, output))
        repeat {
            _ = try printer.drain(device)
        } while try device.wait(orStop: stop) == .records
        try printer.finish()
    }

    private func reportRecording(_ path: String) throws {
        let file = try openRecording(path)
        let recording = file.recording()
        var printer = try ReportPrinter(
            filter, output, now: file.machine.time, kernelSymbols: { kernelSymbols(of: file) })
        printer.begin(file)
        printer.printNotices(of: recording)
        try printer.print(recording.dumps)
        try printer.finish()
        if file.isCutShort { note("damaged input: \(path) ends before its records do") }
        if file.isCutShort || !recording.damages.isEmpty { throw ExitCode(65) }
    }

    private func reportProfile(_ path: String) throws {
        let profile: PerfDataFile
        do {
            profile = try PerfDataFile(FilePath(path))
        } catch {
            throw Failure.unusable(path, error)
        }
        var printer = try ReportPrinter(filter, output, kernelSymbols: { kernelSymbols(of: profile) })
        do {
            try printer.print(profile)
        } catch let error as PerfDataError {
            throw Failure.unusable(path, error)
        }
        try printer.finish()
        if profile.lost > 0 { note("\(profile.lost) records were lost, because perf had no room for them") }
        for damage in profile.damages.first { note("damaged input: \(damage)") }
        let more = profile.damages.count - profile.damages.first.count
        if more > 0 { note("damaged input: \(more) more records are left out") }
        if profile.damages.count > 0 { throw ExitCode(65) }
        // Without giving back what is kept of files, functions and lines piece by piece: the process ends with it.
        Glibc.exit(EXIT_SUCCESS)
    }
}
