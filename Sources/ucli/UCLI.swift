// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Reports
import SystemPackage

/// `ucli`: drains the module's buffer and prints the report.
@main
struct UCLI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ucli",
        abstract: "Report what the machine was doing when watched variables crossed their thresholds.",
        discussion: """
            Reads all dumps from the Variable Monitor module and prints them on standard output; what \
            else there is to say goes to standard error. What was printed is then removed from the \
            module's buffer.

                insmod kmod/variable_monitor.ko
                ucli > output

            Exit status: 0 also for an empty buffer, 64 wrong usage, 65 damaged input, 66 no device, \
            74 the report could not be written (nothing is removed then), 77 no permission.
            """)

    func run() throws {
        // A reader that went away is an error like others: the report was not written.
        ignoreBrokenPipes()
        do {
            try report()
        } catch let failure as Failure {
            note(failure.message)
            throw failure.exitCode
        }
    }

    private func report() throws {
        let device = try Device()
        let recording = try device.readRecording()
        for notice in notices(of: recording) {
            note(notice)
        }
        if recording.dumps.isEmpty, recording.lastSequence == 0 {
            note("the buffer is empty: no watch has hit since it was drained")
            return
        }
        try print(recording.finishedDumps)
        if let dump = recording.unfinishedDump {
            note("dump \(dump.id) is still being written: it is left for the next ucli")
        }
        try device.release(upTo: recording.lastFinishedSequence)
        if !recording.damages.isEmpty { throw ExitCode(65) }
    }

    private func print(_ dumps: some Sequence<Dump>) throws {
        let resolver = DumpResolver()
        var report: any ReportRenderer = DefaultReport()
        var output = Output(.standardOutput)
        for dump in dumps {
            note(summary(of: dump))
            report.begin(dump, to: &output.buffer)
            try resolver.forEachTask(of: dump) { task in
                report.write(task, to: &output.buffer)
                try output.drain()
            }
        }
        report.finish(to: &output.buffer)
        try output.finish()
    }
}
