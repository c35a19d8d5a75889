// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Reports
import SystemPackage

/// `ucli record`: saves what the module has.
struct RecordCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Save the module's dumps in a file, to be reported later or on another machine.",
        discussion: """
            The file also holds the kernel's symbols and what else is needed to read it elsewhere. It \
            appears under its name when it is complete; what it holds is then removed from the module's \
            buffer.

                ucli record -o saved.rec && ucli report saved.rec
                ucli record -o day.rec --follow              until interrupted with Ctrl-C
                ucli record -o minute.rec --follow --for 60
            """)

    @Option(
        name: .customShort("o"), help: ArgumentHelp("The file to write.", valueName: "file"),
        completion: .file())
    var path: String

    @Flag(help: "Go on recording dumps as they come, until interrupted.")
    var follow = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("End following after so many seconds.", valueName: "seconds"))
    var seconds: UInt32?

    func validate() throws {
        if seconds != nil, !follow { throw ValidationError("--for goes with --follow.") }
    }

    func execute() throws {
        let device = try Device()
        let recorder = try DumpRecorder(path)
        if follow {
            let stop = try StopSignal()
            let end = seconds.map { ContinuousClock.now + .seconds($0) }
            repeat {
                _ = try recorder.drain(device)
            } while try device.wait(orStop: stop, milliseconds: end.milliseconds) == .records
            try recorder.finish()
        } else {
            let recording = try recorder.take(from: device)
            try recorder.finish()
            try device.release(upTo: recording.lastFinishedSequence)
        }
    }
}
