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
        let stop = follow ? try StopSignal() : nil
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        let file = try RecordingWriter(path)
        var dumps = 0
        var isWaiting = true
        while isWaiting {
            let recording = try device.readRecording { bytes throws(Failure) in try file.write(bytes) }
            for notice in notices(of: recording) { note(notice) }
            for dump in recording.dumps { note(summary(of: dump)) }
            dumps += recording.finishedDumps.count
            if let stop {
                // The buffer would be full in the end. What is stored needs it no more.
                try file.store()
                try device.release(upTo: recording.lastFinishedSequence)
                isWaiting = try device.waitForRecords(orStop: stop, milliseconds: end.milliseconds)
            } else {
                try file.finish()
                try device.release(upTo: recording.lastFinishedSequence)
                isWaiting = false
            }
        }
        if follow { try file.finish() }
        note("\(dumps) dumps recorded in \(path)")
    }
}
