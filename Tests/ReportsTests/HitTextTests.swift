// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Testing

@testable import DumpRecords
@testable import Reports

/// What a hit and a history look like to a person.
@Suite struct HitTextTests {
    private func dump(_ hit: vmon_hit, _ condition: vmon_condition? = nil) throws -> Dump {
        var writer = RecordWriter()
        writer.append(VMON_RECORD_HIT, hit)
        if let condition { writer.append(VMON_RECORD_CONDITION, condition) }
        var recording = Recording()
        recording.append(writer.bytes)
        return try #require(recording.dumps.first)
    }

    private func hit(
        _ comparison: vmon_comparison, _ value: Int64, _ threshold: Int64, flags: vmon_watch_flags? = nil
    ) -> vmon_hit {
        var hit = vmon_hit()
        hit.name = fixed("temp")
        hit.value = UInt64(bitPattern: value)
        hit.threshold = UInt64(bitPattern: threshold)
        hit.comparison = UInt8(comparison.rawValue)
        hit.flags = UInt8(flags?.rawValue ?? 0)
        hit.length = 8
        return hit
    }

    private static func condition(_ change: (inout vmon_condition) -> Void = { _ in }) -> vmon_condition {
        var condition = vmon_condition()
        condition.ticks = 1
        condition.ticks_held = 1
        condition.known = VMON_KNOWN_PREVIOUS.rawValue
        change(&condition)
        return condition
    }

    @Test(
        arguments: [
            (VMON_GREATER, 151, 150, "temp = 151 > 150"),
            (VMON_LESS, -3, -2, "temp = -3 < -2"),
            (VMON_EQUAL, 5, 5, "temp = 5 == 5"),
            (VMON_NOT_EQUAL, -1, 0, "temp = -1 != 0"),
            (VMON_OUTSIDE, 95, -10, "temp = 95 outside -10 to 90"),
            (VMON_CHANGED, 5, 0, "temp = 5, before -4"),
            (VMON_CHANGED_BY, 500, 100, "temp = 500, before -4, changed by more than 100"),
            // Of a 64-bit variable the limit may be more than it can hold itself.
            (VMON_CHANGED_BY, 5, -1, "temp = 5, before -4, changed by more than 18446744073709551615"),
            (VMON_UNCHANGED, 7, 50_000_000, "temp = 7, unchanged for 50.012 ms, at least 50.000 ms"),
            (VMON_BITS_ANY, 0x81, 0x180, "temp = 129, of bits 0x180 has 0x80"),
            (VMON_BITS_ALL, 0x83, 0x81, "temp = 131, has all bits of 0x81"),
        ] as [(vmon_comparison, Int64, Int64, String)])
    func conditions(_ comparison: vmon_comparison, _ value: Int64, _ threshold: Int64, _ text: String) throws
    {
        let condition = Self.condition {
            $0.high = 90
            $0.previous = UInt64(bitPattern: -4)
            $0.unchanged_ns = 50_012_345
        }
        #expect(try dump(hit(comparison, value, threshold), condition).hits[0].conditionText == text)
    }

    @Test func numbersOfEachKind() throws {
        let bits = Int64(bitPattern: 0.625.bitPattern)
        var float = hit(
            VMON_GREATER, Int64((1.5 as Float).bitPattern), Int64((-.infinity as Float).bitPattern),
            flags: VMON_WATCH_FLOAT)
        float.length = 4
        #expect(
            try dump(hit(VMON_LESS, bits, 0, flags: VMON_WATCH_FLOAT)).hits[0].conditionText
                == "temp = 0.625 < 0.0")
        #expect(try dump(float).hits[0].conditionText == "temp = 1.5 > -inf")
        #expect(
            try dump(hit(VMON_GREATER, -1, 5, flags: VMON_WATCH_UNSIGNED)).hits[0].conditionText
                == "temp = 18446744073709551615 > 5")
    }

    @Test func ticksInARow() throws {
        let condition = Self.condition { ($0.ticks, $0.ticks_held) = (3, 4) }
        #expect(
            try dump(hit(VMON_GREATER, 2, 1), condition).hits[0].conditionText
                == "temp = 2 > 1, at 4 ticks in a row")
    }

    /// Records may have been lost, and a later module may know more.
    @Test func whatIsNotKnown() throws {
        #expect(try dump(hit(VMON_CHANGED, 5, 0)).hits[0].conditionText == "temp = 5, before unknown")
        #expect(try dump(hit(VMON_OUTSIDE, 5, 9)).hits[0].conditionText == "temp = 5 outside 9 to ?")
        #expect(
            try dump(hit(VMON_UNCHANGED, 5, 1_000_000)).hits[0].conditionText
                == "temp = 5, unchanged for at least 1.000 ms")
        var later = hit(VMON_GREATER, 5, 0)
        later.comparison = 77
        #expect(
            try dump(later).hits[0].conditionText
                == "temp = 5, by a condition (77) that this ucli does not know")
    }

    // MARK: Histories

    private func history(_ samples: [(time: UInt64, bits: UInt64)], flags: UInt8 = 0) throws -> History {
        var history = vmon_history()
        (history.count, history.length, history.flags) = (UInt32(samples.count), 8, flags)
        history.name = fixed("temp")
        var writer = RecordWriter()
        writer.append(
            VMON_RECORD_HISTORY, history,
            parts: samples.map { bytesOf(vmon_sample(time_ns: $0.time, value: $0.bits)) })
        var recording = Recording()
        recording.append(writer.bytes)
        return try #require(recording.dumps.first?.histories.first)
    }

    @Test func aSparklineRisesWithTheValue() throws {
        let rising = try history((0..<8).map { (1000 + $0 * 10, UInt64(bitPattern: Int64($0) - 4)) })
        #expect(rising.sparkline(columns: 8) == "▁▂▃▄▅▆▇█")
        #expect(rising.sparkline(columns: 4) == "▁▃▆█")
        #expect(rising.extremes.map { [$0.low, $0.high] } == ["-4", "3"])
    }

    /// A peak of one tick among many is what one looks for.
    @Test func aPeakIsSeen() throws {
        let samples = (0..<4000).map { (time: UInt64($0), bits: $0 == 1234 ? UInt64(9) : 1) }
        let line = try history(samples).sparkline(columns: 40)
        #expect(line.count == 40 && line.filter { $0 == "█" }.count == 1)
    }

    @Test func timeWithoutATickIsBlank() throws {
        let line = try history([(0, 1), (1, 1), (2, 1), (99, 2)]).sparkline(columns: 4)
        #expect(line == "▁  █")
    }

    @Test func valuesThatAreHardToDraw() throws {
        let isFloat = UInt8(VMON_WATCH_FLOAT.rawValue)
        let extreme = [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude, .nan, .infinity]
        let line = try history(extreme.enumerated().map { (UInt64($0), $1.bitPattern) }, flags: isFloat)
        #expect(line.sparkline(columns: 4) == "▁█  ")
        #expect(line.extremes?.high == "inf")
        let onlyNaN = try history([(0, Double.nan.bitPattern)], flags: isFloat)
        #expect(onlyNaN.sparkline(columns: 4) == "" && onlyNaN.extremes == nil)
        // Times of a damaged record go backwards.
        #expect(try history([(9, 1), (3, 2), (.max, 3), (0, 4)]).sparkline(columns: 4).count == 4)
        #expect(try history([]).sparkline(columns: 4) == "")
    }
}
