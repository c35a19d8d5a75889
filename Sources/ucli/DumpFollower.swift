// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Reports

/// What becomes of the module's dumps, for commands that wait for them.
protocol DumpFollower: AnyObject {
    /// Takes all that there is, and gives the buffer's space back; it would be full in the end.
    func drain(_ device: borrowing Device) throws -> Recording
    /// To be called once, when nothing more is to come.
    func finish() throws
}

/// Saves them in a file.
final class DumpRecorder: DumpFollower {
    private let path: String
    private let file: RecordingWriter
    private var dumpCount = 0

    init(_ path: String) throws(Failure) {
        self.path = path
        file = try RecordingWriter(path)
    }

    /// Leaves the buffer as it is.
    func take(from device: borrowing Device) throws(Failure) -> Recording {
        let recording = try device.readRecording { bytes throws(Failure) in try file.write(bytes) }
        for notice in notices(of: recording) { note(notice) }
        for dump in recording.dumps { note(summary(of: dump)) }
        dumpCount += recording.finishedDumps.count
        return recording
    }

    func drain(_ device: borrowing Device) throws -> Recording {
        let recording = try take(from: device)
        // What is stored is needed there no more.
        try file.store()
        try device.release(upTo: recording.lastFinishedSequence)
        return recording
    }

    func finish() throws {
        try file.finish()
        note("\(dumpCount) dumps recorded in \(path)")
    }
}

/// Prints each as it comes.
final class DumpPrinter: DumpFollower {
    private var printer: ReportPrinter
    private var isDamaged = false

    init(_ printer: consuming ReportPrinter) {
        self.printer = printer
    }

    func drain(_ device: borrowing Device) throws -> Recording {
        let recording = try device.readRecording()
        printer.printNotices(of: recording)
        isDamaged = isDamaged || !recording.damages.isEmpty
        try printer.print(recording.dumps)
        try printer.flush()
        try device.release(upTo: recording.lastSequence)
        return recording
    }

    func finish() throws {
        try printer.finish()
        if isDamaged { throw ExitCode(65) }
    }
}
