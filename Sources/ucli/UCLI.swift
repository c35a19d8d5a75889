// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CVariableMonitor

/// `ucli`: without arguments it drains the module's buffer and prints the report.
@main
struct UCLI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ucli",
        abstract: "Report what the machine was doing when watched variables crossed their thresholds.",
        discussion: """
            Without a subcommand it reads all dumps from the Variable Monitor module and prints them on \
            standard output; what else there is to say goes to standard error. What was printed is then \
            removed from the module's buffer.

                insmod kmod/variable_monitor.ko
                ucli > output
                ucli --top
                ucli record -o saved.rec && ucli report saved.rec --format plain

            It also reports profiles, without the module:

                perf record --call-graph dwarf ./program
                ucli report --perf-data perf.data --format flamegraph -o profile.html

            Exit status: 0 also for an empty buffer, 64 wrong usage, 65 damaged input, 66 no device or no \
            such input, 70 a mistake of this program, 74 something could not be read or written (nothing is \
            removed then), 77 no permission. 1 is for ucli locks alone: it found a deadlock. ucli watch -- PROGRAM \
            exits as the program did.
            """,
        version: "ucli \(VMON_VERSION)",
        subcommands: [
            ReportCommand.self, RecordCommand.self, ListCommand.self, StatusCommand.self,
            SnapshotCommand.self, WatchCommand.self, LocksCommand.self,
        ],
        defaultSubcommand: ReportCommand.self)
}

/// A subcommand, whose failures become messages and exit statuses.
protocol Subcommand: ParsableCommand {
    func execute() throws
}

extension Subcommand {
    func run() throws {
        // A reader that went away is an error like others: the report was not written.
        ignoreBrokenPipes()
        do {
            try execute()
        } catch let failure as Failure {
            note(failure.message)
            throw failure.exitCode
        } catch let error where !(error is ExitCode || error is ValidationError || error is CleanExit) {
            // Of errors that it does not know, ArgumentParser makes 1.
            note("\(error)")
            throw ExitCode(70)
        }
    }
}
