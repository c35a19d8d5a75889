// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import PerfData

/// Files that are damaged, by accident or by design: they are reported and survived.
@Suite struct HostileFileTests {
    private func whole() -> PerfFileWriter {
        var writer = PerfFileWriter()
        writer.eventIDs = [[10, 11], [12]]
        writer.sampleType |= 1 << 16
        writer.name(1, pid: 5, tid: 5, "sh")
        writer.features = [(3, PerfFileWriter.text("host")), (4, PerfFileWriter.text("6.1.0"))]
        return writer
    }

    private func plain() -> PerfFileWriter {
        var writer = PerfFileWriter()
        writer.name(1, pid: 5, tid: 5, "sh")
        writer.map(2, pid: 5, 0x1000..<0x2000, "/bin/sh")
        writer.fork(3, pid: 6, parent: 5)
        writer.sample(
            4, pid: 6, chain: [UInt64(bitPattern: -128), 0xffff_ffff_8100_0000], stack: Array(0..<32))
        writer.exit(5, pid: 6)
        writer.features = [(3, PerfFileWriter.text("host")), (6, PerfFileWriter.text("x86_64"))]
        return writer
    }

    private func read(_ bytes: [UInt8]) throws -> (samples: Int, damages: Int) {
        let file = try ScratchFile(bytes).open()
        let samples = try file.samples().count
        return (samples, file.damages.count)
    }

    private func error(of writer: PerfFileWriter) -> PerfDataError? {
        do {
            _ = try read(writer.file())
            return nil
        } catch {
            return error as? PerfDataError
        }
    }

    @Test func truncatedAnywhere() throws {
        let bytes = plain().file()
        #expect(try read(bytes) == (1, 0))
        var errors = 0
        for count in bytes.indices {
            // Either nothing can be read, or it is said what is missing.
            do {
                let result = try read(Array(bytes[..<count]))
                #expect(result.damages > 0 || count > bytes.count - 64, "\(count) bytes")
            } catch is PerfDataError {
                errors += 1
            }
        }
        #expect(errors > 100)
    }

    /// Each byte is made the largest, zero, and its opposite.
    @Test(arguments: [UInt8(0xff), 0, 0x80]) func everyByteChanged(_ value: UInt8) throws {
        for original in [plain().file(), whole().file()] {
            for index in original.indices {
                var bytes = original
                bytes[index] = value == 0x80 ? bytes[index] ^ value : value
                do {
                    let result = try read(bytes)
                    #expect(result.samples <= 1)
                } catch is PerfDataError {}
            }
        }
    }

    @Test func aRecordWithoutASizeEndsTheReading() throws {
        var writer = PerfFileWriter()
        writer.sample(1, pid: 5)
        writer.records += [UInt8](repeating: 0, count: 64)
        #expect(try read(writer.file()) == (1, 1))
    }

    /// Trace data of any size may follow such a record: not by going round.
    @Test(arguments: [UInt64.max, UInt64.max - 7, 1 << 40]) func hugeTraceData(_ size: UInt64) throws {
        var writer = PerfFileWriter()
        writer.sample(1, pid: 5)
        writer.append(type: 71, bytes(size) + [UInt8](repeating: 0, count: 32))
        writer.sample(2, pid: 5)
        #expect(try read(writer.file()) == (1, 1))
    }

    @Test func hugeCountsInASampleAreItsOwnDamage() throws {
        for count in [UInt64.max, 1 << 60, 1 << 32, 1000] {
            var writer = PerfFileWriter()
            let head = bytes(UInt64(0)) + bytes(UInt64(0)) + bytes(UInt64(1))
            writer.append(type: 9, head + bytes(count) + [UInt8](repeating: 0, count: 64))
            writer.append(type: 9, head + bytes(UInt64(0)) + bytes(UInt64(0)) + bytes(count))
            writer.sample(2, pid: 5)
            #expect(try read(writer.file()) == (1, 2))
        }
    }

    @Test func mappingsThatGoRoundTheEndOfMemory() throws {
        var writer = PerfFileWriter()
        writer.map(1, pid: 5, UInt64.max - 10..<UInt64.max, "/x")
        writer.append(
            type: 1, flags: 2,
            [UInt8](repeating: 0, count: 8) + bytes(UInt64.max) + bytes(UInt64(2))
                + [UInt8](repeating: 0, count: 32))
        writer.sample(2, pid: 5)
        #expect(try read(writer.file()) == (1, 1))
    }

    /// A few hundred thousand records must not ask for gigabytes.
    @Test func childrenThatAllDifferFromALargeParent() throws {
        var writer = PerfFileWriter()
        for number in 0..<UInt64(4096) {
            writer.map(1, pid: 5, number * 0x2000..<number * 0x2000 + 0x1000, "/x")
        }
        for child in 6..<UInt32(1006) {
            writer.fork(2, pid: child, parent: 5)
            writer.map(3, pid: child, 0x1000..<0x2000, "/y")
        }
        writer.sample(4, pid: 5)
        let file = try ScratchFile(writer.file()).open()
        #expect(try file.samples().count == 1)
        #expect(file.damages.first.first?.flaw == .tooManyMappings)
        #expect(file.damages.first.count == 16 && file.damages.count > 700)
    }

    @Test func anEventThatIsNotDescribed() throws {
        var writer = whole()
        writer.append(type: 9, bytes(UInt64(99)) + [UInt8](repeating: 0, count: 64))
        let file = try ScratchFile(writer.file()).open()
        #expect(try file.samples().isEmpty)
        #expect(file.damages.first.map(\.flaw).contains(.unknownEvent(99)))
    }

    @Test func filesThatCannotBeReadSayWhy() throws {
        var writer = plain()
        writer.magic = writer.magic.byteSwapped
        #expect(error(of: writer) == .otherByteOrder)

        writer = plain()
        writer.magic = 1
        #expect(error(of: writer) == .notPerfData)

        writer = plain()
        writer.append(type: 81, [UInt8](repeating: 1, count: 64))
        #expect(error(of: writer) == .compressed)

        writer = plain()
        writer.sampleType = 0x27
        #expect(error(of: writer) == .noUserStacks)

        writer = plain()
        writer.features = [(6, PerfFileWriter.text("aarch64"))]
        #expect(error(of: writer) == .otherArchitecture("aarch64"))

        writer = plain()
        writer.records = []
        #expect(error(of: writer) == .unfinished)

        writer = plain()
        writer.eventIDs = [[1], [2]]
        #expect(error(of: writer) == .indistinctEvents)
    }
}
