// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Testing

@testable import DumpRecords

/// Whatever the bytes are, parsing ends, never traps, and keeps what is whole.
@Suite struct DamageTests {
    private func recording(_ bytes: [UInt8]) -> Recording {
        var recording = Recording()
        recording.append(bytes)
        return recording
    }

    /// A task whose struct is changed on the way, between the begin and the end of a dump.
    private func withTask(_ change: (inout vmon_task) -> Void) -> Recording {
        var task = SampleDump.task
        task.kernel_frames = 1
        task.stack_bytes = 16
        task.cgroup_bytes = 1
        change(&task)
        var writer = RecordWriter()
        writer.begin()
        writer.append(
            VMON_RECORD_TASK, task, parts: [bytesOf(UInt64(1)), [UInt8](repeating: 0, count: 16), [0x2f]])
        writer.end()
        return recording(writer.bytes)
    }

    private func expectOneDamage(
        _ recording: Recording, _ reason: Damage.Reason, location: SourceLocation = #_sourceLocation
    ) {
        #expect(recording.damages.map(\.reason) == [reason], sourceLocation: location)
        #expect(recording.damages.map(\.offset) == [56], sourceLocation: location)
        #expect(recording.dumps.first?.tasks.count == 0, sourceLocation: location)
        #expect(recording.dumps.first?.end != nil, "the record behind must be read", sourceLocation: location)
    }

    @Test func anUndamagedTaskIsRead() {
        #expect(withTask { _ in }.dumps.first?.tasks.count == 1)
    }

    @Test func partsBehindTheEnd() {
        expectOneDamage(withTask { $0.stack_bytes = 64 }, .pastEnd)
        expectOneDamage(withTask { $0.kernel_frames = 100 }, .pastEnd)
        expectOneDamage(withTask { $0.cgroup_bytes = .max }, .pastEnd)
    }

    @Test func countsOverTheirLimits() {
        expectOneDamage(withTask { $0.kernel_frames = 129 }, .overLimit("kernel frames", 129))
        expectOneDamage(withTask { $0.stack_bytes = 65544 }, .overLimit("bytes of stack", 65544))
    }

    @Test func aStackAroundTheEndOfMemory() {
        expectOneDamage(withTask { $0.stack_start = .max - 8 }, .badRange)
    }

    @Test func structsThatDoNotFitTheirRecord() {
        var writer = RecordWriter()
        writer.begin()
        writer.append(VMON_RECORD_TASK, vmon_lost())
        writer.end()
        expectOneDamage(recording(writer.bytes), .pastEnd)
    }

    @Test func mappingsThatAreNotThere() {
        var record = vmon_mappings()
        record.address_space = 1
        record.count = .max
        var writer = RecordWriter()
        writer.begin()
        writer.append(VMON_RECORD_MAPPINGS, record, parts: [bytesOf(SampleDump.mapping)])
        writer.end()
        expectOneDamage(recording(writer.bytes), .pastEnd)
    }

    @Test func mappingsWithFalseFields() {
        var backwards = SampleDump.mapping
        backwards.end = backwards.start
        var longBuildID = SampleDump.mapping
        longBuildID.build_id_bytes = 21
        for (mapping, reason) in [
            (backwards, Damage.Reason.badRange), (longBuildID, .overLimit("bytes of build-id", 21)),
        ] {
            var writer = RecordWriter()
            writer.begin()
            writer.mappings(addressSpace: 1, [(mapping, path: [])])
            writer.end()
            expectOneDamage(recording(writer.bytes), reason)
        }
    }

    /// The second of three records, with a header that cannot be trusted: the third is found again.
    @Test(
        arguments: [
            (0, [0], Damage.Reason.noMagic), (4, [44, 0, 0, 0], .badSize(44)),
            (4, [32, 0, 0, 0], .badSize(32)),
            (4, [8, 0, 2, 0], .badSize(131080)), (4, [0, 0, 1, 0], .cutShort),
        ] as [(Int, [UInt8], Damage.Reason)])
    func headersThatCannotBe(offset: Int, contents: [UInt8], reason: Damage.Reason) {
        var writer = RecordWriter()
        writer.begin()
        let start = writer.bytes.count
        writer.task(SampleDump.task, stack: SampleDump.stack)
        let end = writer.bytes.count
        writer.end()
        var bytes = writer.bytes
        bytes.replaceSubrange(start + offset..<start + offset + contents.count, with: contents)

        let recording = recording(bytes)
        #expect(recording.damages == [Damage(offset: start, skipped: end - start, reason: reason)])
        #expect(recording.dumps.first?.end != nil)
        #expect(recording.gaps == [2...2])
    }

    /// Programs decide what is in their stacks: it could look like a record.
    @Test func aHeaderInAStackIsNotTakenForARecord() {
        var forged = vmon_record()
        forged.magic = UInt16(VMON_RECORD_MAGIC)
        forged.type = UInt16(VMON_RECORD_DUMP_END.rawValue)
        forged.size = 72
        forged.sequence = 1000
        forged.dump_id = 77
        var writer = RecordWriter()
        writer.begin()
        let start = writer.bytes.count
        writer.task(SampleDump.task, stack: bytesOf(forged) + [UInt8](repeating: 0, count: 96))
        writer.end()
        var bytes = writer.bytes
        bytes[start] = 0
        let recording = recording(bytes)
        #expect(recording.dumps.map(\.id) == [1])
        #expect(recording.damages.count == 1)
    }

    @Test func everyTruncation() {
        let bytes = SampleDump.bytes
        for count in bytes.indices {
            let recording = recording(Array(bytes[..<count]))
            let kept = recordStarts(bytes).filter { $0 <= count }.count - 1
            let isCut = !recordStarts(bytes).contains(count)
            #expect(recording.lastSequence == UInt64(kept), "\(count) bytes")
            #expect(recording.damages.map(\.reason) == (isCut ? [.cutShort] : []), "\(count) bytes")
        }
    }

    /// The same mutations in every run. What they must not do is trap, or lose bytes: each byte is
    /// in a record or in a damage.
    @Test func randomMutations() {
        var random = SplitMix(state: 20_240_229)
        let original = SampleDump.bytes + SampleDump.bytes
        for round in 0..<5_000 {
            var bytes = original
            for _ in 0...Int.random(in: 0..<6, using: &random) {
                let offset = Int.random(in: bytes.indices, using: &random)
                bytes[offset] =
                    Int.random(in: 0..<4, using: &random) == 0
                    ? 0xff : UInt8(truncatingIfNeeded: random.next())
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes.removeSubrange(Int.random(in: bytes.indices, using: &random)...)
            }
            var parser = RecordParser(bytes, in: bytes.indices)
            var damaged = 0
            var whole = 0
            while let item = parser.next() {
                switch item {
                case .damage(let damage): damaged += damage.skipped
                case .record(_, let record): whole += size(of: record, in: bytes, at: damaged + whole)
                }
            }
            #expect(damaged + whole == bytes.count, "round \(round)")
            _ = recording(bytes).dumps.map { dump in dump.tasks.map { dump.chain(of: $0.tgid) } }
        }
    }

    private func recordStarts(_ bytes: [UInt8]) -> [Int] {
        var starts = [0]
        while starts.last! < bytes.count {
            starts.append(starts.last! + Int(bytes[starts.last! + 4]) + Int(bytes[starts.last! + 5]) << 8)
        }
        return starts
    }

    private func size(of record: Record, in bytes: [UInt8], at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + 4 + $1]) << ($1 * 8) }
    }
}

/// A generator with a fixed start, so that a failure comes again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
