// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reports

/// `ucli snapshot`: a dump without a hit.
struct SnapshotCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Have the module make a dump now, and print it.",
        discussion: """
            All threads of a process named with --pid are in it, whatever their state. The dump stays \
            in the buffer like all others, until ucli prints it.

                ucli snapshot
                ucli snapshot --pid 4711
            """)

    @OptionGroup var filter: TaskFilterOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if filter.pid.count > 1 { throw ValidationError("A snapshot is of one --pid.") }
    }

    func execute() throws {
        let device = try Device()
        let id = try device.requestDump(pid: filter.pid.first)
        let recording = try device.readRecording()
        guard let dump = recording.dumps.first(where: { $0.id == id }) else {
            throw Failure.cannotRead("dump \(id) is not in the buffer any more: another program removed it")
        }
        var printer = try ReportPrinter(filter.filter, output.form, path: output.path)
        try printer.print([dump])
        try printer.finish()
        if !recording.damages.isEmpty { throw ExitCode(65) }
    }
}
