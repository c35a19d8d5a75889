// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Testing

@testable import DumpRecords

@Suite struct RecordingFileTests {
    private let kallsyms = Array(repeating: "ffffffff81000000 T _text\n", count: 1000).flatMap(\.utf8)

    private var machine: RecordedMachine {
        var machine = RecordedMachine()
        (machine.release, machine.bootID, machine.architecture) = ("6.1.0", "b00t", "x86_64")
        machine.time = 17
        return machine
    }

    private func file() -> [UInt8] {
        var writer = RecordWriter()
        writer.begin()
        writer.task(vmon_task(), kernelFrames: [1, 2])
        writer.end()
        var file = RecordingFileLayout.head(
            machine: machine, kallsyms: kallsyms, modules: Array("ext4 1 0 - Live 0x1\n".utf8))
        file += writer.bytes
        let place = Int(RecordingFileLayout.recordsSizeOffset)
        let size = RecordingFileLayout.recordsSize(UInt64(writer.bytes.count))
        file.replaceSubrange(place..<place + size.count, with: size)
        return file
    }

    @Test func whatIsWrittenIsRead() throws {
        let bytes = file()
        let file = try RecordingFile(bytes)
        #expect(file.machine == machine)
        #expect(try file.kallsyms() == kallsyms)
        #expect(try file.modules() == Array("ext4 1 0 - Live 0x1\n".utf8))
        #expect(!file.isCutShort)
        let recording = file.recording()
        #expect(recording.dumps.map(\.tasks.count) == [1] && recording.damages == [])
        // The symbols of a kernel are megabytes of text.
        #expect(bytes.count < kallsyms.count / 10)
    }

    /// Until its size is stored, a recording has no records, whatever is behind its head.
    @Test func recordsCountFromWhenTheirSizeIsWritten() throws {
        let head = RecordingFileLayout.head(machine: machine, kallsyms: [], modules: [])
        let file = try RecordingFile(head + [1, 2, 3])
        #expect(file.recording().dumps.isEmpty && file.recording().damages.isEmpty)
    }

    @Test func everyTruncationIsTold() throws {
        let bytes = file()
        for count in bytes.indices {
            guard let file = try? RecordingFile(Array(bytes[..<count])) else { continue }
            #expect(file.isCutShort)
            _ = try? file.kallsyms()
            _ = file.recording()
        }
    }

    @Test(arguments: [UInt8(0), 0xff, 0x80]) func everyByteOfTheHeadChanged(_ change: UInt8) throws {
        let original = file()
        for index in original.indices {
            var bytes = original
            bytes[index] = change == 0x80 ? bytes[index] ^ change : change
            guard let file = try? RecordingFile(bytes) else { continue }
            _ = try? file.kallsyms()
            _ = try? file.modules()
            _ = file.recording()
        }
    }

    /// A false size of a few bytes must not ask for memory.
    @Test func decompressionIsBounded() throws {
        let compressed = try #require(Zlib.compressed([UInt8](repeating: 0, count: 1 << 20)))
        #expect(Zlib.decompressed(compressed[...], count: 1 << 20)?.count == 1 << 20)
        #expect(Zlib.decompressed(compressed[...], count: (1 << 20) - 1) == nil)
        #expect(Zlib.decompressed(compressed[...], count: (1 << 20) + 1) == nil)
        #expect(Zlib.decompressed(compressed[...], count: 1 << 40) == nil)
        #expect(Zlib.decompressed(compressed[...], count: .max) == nil)
        #expect(Zlib.decompressed(compressed.dropLast(), count: 1 << 20) == nil)
        #expect(Zlib.decompressed([], count: 0) == nil)
    }

    @Test func errorsSayWhatIsWrong() throws {
        #expect(throws: RecordingFileError.noRecording) { try RecordingFile(Array("PERFILE2".utf8)) }
        var bytes = file()
        bytes[8] = 9
        #expect(throws: RecordingFileError.otherVersion(9)) { try RecordingFile(bytes) }
        bytes = file()
        bytes[16 + 32 * 3] = 77
        #expect(throws: RecordingFileError.noRecords) { try RecordingFile(bytes) }
    }
}
