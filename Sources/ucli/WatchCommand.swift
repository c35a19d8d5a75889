// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CVariableMonitor
import DumpRecords
import Glibc
import Reports
import SystemPackage
import VariableLookup

/// `ucli watch`: watches a variable of a program that knows nothing of it.
struct WatchCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract:
            "Watch a variable of a running program, and print or save what the machine does when it hits.",
        discussion: """
            The program is neither changed nor stopped. Its variable is found by its name in the symbols of \
            its files, and its type in their debugging information; without that, the symbol's size gives \
            the width, and --type the rest. What hits is printed as by ucli report --follow, with the dumps \
            of other watches, or saved with -o. The watch ends with Ctrl-C, with the process, or with --for.

                ucli watch --pid 4711 --symbol queue_depth --above 1000
                ucli watch --pid 4711 --symbol 'pool.slots[2].free' --below 1
                ucli watch --pid 4711 --symbol heartbeat --unchanged-for 5s
                ucli watch --pid 4711 --address 0x55d0c0a04010 --type uint32 --changed
                ucli watch --symbol net::depth --above 9 --for 1h -o night.rec -- ./program

            With -- ucli starts the program itself, and ends with its exit status. What it does in the first \
            milliseconds, before its variable is found, is missed.
            """)

    @Option(help: ArgumentHelp("The process.", valueName: "pid"))
    var pid: UInt32?

    @OptionGroup(title: "Variable") var target: TargetOptions
    @OptionGroup(title: "Condition") var condition: ConditionOptions

    @Option(
        help: ArgumentHelp(
            "How often to look; 10us if the module's default was not changed.", valueName: "time"))
    var every: TimeSpan?

    @Option(name: .customLong("for"), help: ArgumentHelp("End the watch after so long.", valueName: "time"))
    var duration: TimeSpan?

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Save the dumps in this file instead of printing them.", valueName: "file"),
        completion: .file())
    var path: String?

    @OptionGroup(title: "Output") var form: FormatOptions

    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("A program to start and watch.", valueName: "program"))
    var command: [String] = []

    func validate() throws {
        guard (pid == nil) != command.isEmpty else {
            throw ValidationError("Give --pid, or behind -- a program to start.")
        }
        if pid == 0 { throw ValidationError("A process has a number above 0.") }
        if !command.isEmpty, target.address != nil {
            throw ValidationError(
                "--address is for a process that runs: a new one has its variables elsewhere.")
        }
        if every?.nanoseconds == 0 { throw ValidationError("--every takes a time above 0.") }
        if path == nil { try form.validateForStandardOutput() }
    }

    func execute() throws {
        let device = try Device()
        let session = try WatchSession()
        let stop = try StopSignal()
        let follower: any DumpFollower =
            if let path { try DumpRecorder(path) } else {
                try DumpPrinter(ReportPrinter(ReportFilter(), form))
            }
        let program = command.isEmpty ? nil : try StartedProgram(command)
        do {
            let start = WatchStart(
                target: target, condition: condition, interval: every?.nanoseconds ?? 0, stop: stop,
                program: program)
            if let watch = try start.run(pid: program.map { UInt32($0.pid) } ?? pid ?? 0, in: session) {
                let end = duration.map { ContinuousClock.now + .nanoseconds(Int64(clamping: $0.nanoseconds)) }
                var running = RunningWatch(watch, follower: follower, stop: stop, end: end)
                if try running.follow(device, session) { program?.terminate() }
            }
            try follower.finish()
        } catch {
            program?.terminate()
            throw error
        }
        if let program {
            try waitForEnd(of: program, orStop: stop)
            throw program.exitCode()
        }
    }

    /// A signal that is to end this program ends that one, a second one whether it likes it or not.
    private func waitForEnd(of program: StartedProgram, orStop stop: StopSignal) throws {
        var number = SIGTERM
        while !program.hasEnded {
            let isStopped = try poll(stop.descriptor, for: .readable, milliseconds: 20)
            if isStopped {
                stop.take()
                program.terminate(by: number)
                number = SIGKILL
            }
        }
    }
}
