// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Testing

@testable import DumpRecords

/// What held at a hit, and what the variable was before it.
@Suite struct ConditionTests {
    private func dump(_ write: (inout RecordWriter) -> Void) throws -> (dump: Dump, damages: [Damage]) {
        var writer = RecordWriter()
        write(&writer)
        var recording = Recording()
        recording.append(writer.bytes)
        return (try #require(recording.dumps.first), recording.damages)
    }

    @Test func aHitHasItsCondition() throws {
        let dump = try dump {
            $0.append(VMON_RECORD_HIT, SampleDump.hit)
            $0.append(VMON_RECORD_CONDITION, SampleDump.condition)
        }.dump
        let condition = try #require(dump.hits.first?.condition)
        #expect([condition.watchID, condition.high] == [7, 9])
        #expect(Int64(bitPattern: condition.rearm) == -1)
        #expect([condition.ticks, condition.ticksHeld] == [3, 4])
        let previous = try #require(condition.previous)
        #expect(Int64(bitPattern: previous.value) == -2)
        #expect([previous.time, previous.unchanged] == [10, 500])
    }

    @Test func aConditionOfAnotherWatchIsNoHitS() throws {
        var other = SampleDump.condition
        other.watch_id = 8
        other.known = 0
        let dump = try dump {
            $0.append(VMON_RECORD_CONDITION, other)
            $0.append(VMON_RECORD_HIT, SampleDump.hit)
            $0.append(VMON_RECORD_CONDITION, other)
        }.dump
        #expect(dump.hits.count == 1 && dump.hits[0].condition == nil)
    }

    @Test func nothingBeforeTheFirstTick() throws {
        var first = SampleDump.condition
        first.known = 0
        let dump = try dump {
            $0.append(VMON_RECORD_HIT, SampleDump.hit)
            $0.append(VMON_RECORD_CONDITION, first)
        }.dump
        let condition = try #require(dump.hits.first?.condition)
        #expect(condition.previous == nil)
    }

    @Test(arguments: [
        (VMON_GREATER, Comparison.greater), (VMON_LESS, .less), (VMON_EQUAL, .equal),
        (VMON_NOT_EQUAL, .notEqual),
        (VMON_OUTSIDE, .outside), (VMON_CHANGED, .changed), (VMON_CHANGED_BY, .changedBy),
        (VMON_UNCHANGED, .unchanged), (VMON_BITS_ANY, .anyBits), (VMON_BITS_ALL, .allBits),
    ])
    func comparisons(_ number: vmon_comparison, _ comparison: Comparison) {
        #expect(Comparison(UInt8(number.rawValue)) == comparison)
    }

    @Test func aComparisonOfALaterVersion() {
        #expect(Comparison(200) == .other(200))
    }

    @Test(
        arguments: [(0, 4, NumberKind.signed), (1, 8, .unsigned), (2, 4, .float), (2, 8, .double)]
            as [(UInt8, UInt8, NumberKind)])
    func kinds(_ flags: UInt8, _ length: UInt8, _ kind: NumberKind) {
        #expect(NumberKind(flags: flags, length: length) == kind)
    }

    @Test func aHistoryHasItsSamples() throws {
        let parts = SampleDump.samples.map { bytesOf($0) }
        let history = try #require(
            try dump { $0.append(VMON_RECORD_HISTORY, SampleDump.history, parts: parts) }.dump.histories.first
        )
        #expect(
            [history.watchID, history.address, history.interval, history.samplesBefore] == [
                7, 0x5000, 10_000, 5,
            ])
        #expect(history.pid == 42 && history.name == RawText("temp") && history.length == 4)
        #expect(history.kind == .signed && history.comparison == .less)
        #expect(history.samples.map(\.time) == [10, 11])
        #expect(history.samples.map { Int64(bitPattern: $0.value) } == [-2, -3])
    }

    /// A count that the record has no room for, and one that nobody has room for.
    @Test(arguments: [3, 4097, .max] as [UInt32])
    func aHistoryThatPromisesTooMuch(_ count: UInt32) throws {
        var history = SampleDump.history
        history.count = count
        let (dump, damages) = try dump {
            $0.append(VMON_RECORD_HISTORY, history, parts: SampleDump.samples.map { bytesOf($0) })
            $0.append(VMON_RECORD_HIT, SampleDump.hit)
        }
        #expect(dump.histories.isEmpty && dump.hits.count == 1)
        #expect(damages.count == 1)
    }
}
