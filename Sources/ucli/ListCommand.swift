// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Reports
import SystemPackage

/// `ucli list`: which dumps there are.
struct ListCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the dumps of the module's buffer or of a saved recording, one on a line.",
        discussion: """
            Each line has the dump's number, its time, what caused it, and how many tasks it has. \
            Nothing is removed from the buffer.

                ucli list
                ucli list saved.rec
            """)

    @Argument(help: "A file that ucli record wrote.", completion: .file())
    var file: String?

    func execute() throws {
        var isDamaged = false
        let recording: Recording
        if let path = file {
            let file = try openRecording(path)
            recording = file.recording()
            isDamaged = file.isCutShort
        } else {
            recording = try Device().readRecording()
        }
        for notice in notices(of: recording) { note(notice) }
        var output = Output()
        for dump in recording.dumps {
            output.buffer.write(summary(of: dump) + "\n")
        }
        try output.finish()
        if isDamaged || !recording.damages.isEmpty { throw ExitCode(65) }
    }
}

/// A saved recording, or why there is none.
func openRecording(_ path: String) throws(Failure) -> RecordingFile {
    let bytes: [UInt8]
    do throws(Errno) {
        bytes = try readFile(FilePath(path))
    } catch {
        throw .cannotOpen(path, error)
    }
    do throws(RecordingFileError) {
        return try RecordingFile(bytes)
    } catch {
        let isPerfData = bytes.starts(with: "PERFILE2".utf8)
        throw .unusable(path, isPerfData ? "it is a file of perf: name it with --perf-data" : "\(error)")
    }
}
