// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Testing

@testable import VariableMonitor

/// A request's condition, for short.
private struct Encoded: Equatable {
    var comparison: vmon_comparison
    var threshold: UInt64
    var high: UInt64 = 0
    var rearm: UInt64 = 0
    var flags: UInt32 = 0

    static func == (left: Encoded, right: Encoded) -> Bool {
        left.comparison == right.comparison && left.threshold == right.threshold
            && left.high == right.high && left.rearm == right.rearm && left.flags == right.flags
    }
}

private func request<Value>(
    _ condition: Condition<Value>, ticks: Int = 1, history: Int = 0
) throws(WatchError) -> vmon_watch_condition {
    try vmon_watch_condition(
        address: 1, when: condition, ticks: ticks, history: history, every: nil, name: "temp")
}

private func encode<Value>(_ condition: Condition<Value>) throws -> Encoded {
    let request = try request(condition)
    return Encoded(
        comparison: vmon_comparison(UInt32(request.watch.comparison)),
        threshold: request.watch.threshold, high: request.high, rearm: request.rearm,
        flags: UInt32(request.watch.flags))
}

private let rearm = VMON_WATCH_REARM.rawValue
private let real = VMON_WATCH_FLOAT.rawValue
private let unsigned = VMON_WATCH_UNSIGNED.rawValue

@Suite("A condition")
struct ConditionTests {
    @Test("has the layout that the header asserts")
    func layout() {
        #expect(MemoryLayout<vmon_watch_condition>.size == 120)
        #expect(MemoryLayout<vmon_watch_condition>.offset(of: \.high) == 72)
        #expect(MemoryLayout<vmon_change>.size == 48)
        #expect(MemoryLayout<vmon_watch_state>.size == 64)
    }

    @Test("of integers has its values extended as their type says")
    func integers() throws {
        #expect(
            try encode(Condition<Int8>.above(5, rearm: -1))
                == Encoded(comparison: VMON_GREATER, threshold: 5, rearm: .max, flags: rearm))
        #expect(
            try encode(Condition<UInt8>.below(5, rearm: 255))
                == Encoded(comparison: VMON_LESS, threshold: 5, rearm: 255, flags: rearm | unsigned))
        #expect(
            try encode(Condition<Int16>.equal(-2))
                == Encoded(comparison: VMON_EQUAL, threshold: .max - 1))
        #expect(
            try encode(Condition<UInt64>.notEqual(.max))
                == Encoded(comparison: VMON_NOT_EQUAL, threshold: .max, flags: unsigned))
        #expect(
            try encode(Condition<Int32>.outside(-1...7))
                == Encoded(comparison: VMON_OUTSIDE, threshold: .max, high: 7))
        #expect(try encode(Condition<Int>.changed) == Encoded(comparison: VMON_CHANGED, threshold: 0))
    }

    @Test("counts steps and bits without a sign, whatever the variable has")
    func magnitudes() throws {
        #expect(
            try encode(Condition<Int8>.changed(byMoreThan: 255))
                == Encoded(comparison: VMON_CHANGED_BY, threshold: 255))
        #expect(
            try encode(Condition<Int8>.bits(any: 0x80))
                == Encoded(comparison: VMON_BITS_ANY, threshold: 0x80))
        #expect(
            try encode(Condition<Int>.bits(all: .max))
                == Encoded(comparison: VMON_BITS_ALL, threshold: .max))
    }

    @Test("of floating point has the bits of its values")
    func reals() throws {
        #expect(
            try encode(Condition<Float>.above(1.5, rearm: -0.5))
                == Encoded(
                    comparison: VMON_GREATER, threshold: UInt64(Float(1.5).bitPattern),
                    rearm: UInt64(Float(-0.5).bitPattern), flags: rearm | real))
        #expect(
            try encode(Condition<Double>.outside(-.infinity...0.5))
                == Encoded(
                    comparison: VMON_OUTSIDE, threshold: (-Double.infinity).bitPattern,
                    high: 0.5.bitPattern, flags: real))
        #expect(
            try encode(Condition<Double>.changed(byMoreThan: 0.25))
                == Encoded(comparison: VMON_CHANGED_BY, threshold: 0.25.bitPattern, flags: real))
        #expect(try request(Condition<Float>.changed).watch.length == 4)
        #expect(try request(Condition<Double>.changed).watch.length == 8)
    }

    @Test("of time has whole nanoseconds")
    func time() throws {
        #expect(
            try encode(Condition<Int>.unchanged(for: .microseconds(7)))
                == Encoded(comparison: VMON_UNCHANGED, threshold: 7_000))
    }

    @Test("at the limit of what makes sense is taken")
    func atTheLimit() throws {
        for condition: Condition<Int> in [
            .above(5, rearm: 5), .below(5, rearm: 5), .outside(5...5),
            .outside(.min ... .max), .changed(byMoreThan: 0), .unchanged(for: .nanoseconds(1)),
        ] {
            _ = try request(condition)
        }
        for condition: Condition<Double> in [
            .above(.infinity), .below(0, rearm: -0.0), .changed(byMoreThan: 0),
            .changed(byMoreThan: .greatestFiniteMagnitude),
        ] {
            _ = try request(condition)
        }
        _ = try request(Condition<Int>.changed, ticks: 1_000_000, history: 4_096)
    }

    @Test("that makes no sense is refused, and none traps")
    func senseless() {
        let integers: [Condition<Int>] = [
            .above(5, rearm: 6), .below(5, rearm: 4), .bits(any: 0), .bits(all: 0),
            .unchanged(for: .zero), .unchanged(for: .seconds(-1)), .unchanged(for: .seconds(Int64.max)),
        ]
        for condition in integers { expectRefusal(condition) }
        let reals: [Condition<Float>] = [
            .above(.nan), .below(.nan), .equal(.nan), .notEqual(.signalingNaN), .above(5, rearm: .nan),
            .above(5, rearm: .infinity), .changed(byMoreThan: -1), .changed(byMoreThan: .infinity),
            .changed(byMoreThan: .nan),
        ]
        for condition in reals { expectRefusal(condition) }
    }

    private func expectRefusal<Value>(_ condition: Condition<Value>) {
        let error = #expect(throws: WatchError.self) { try request(condition) }
        #expect(error == WatchError(.invalidCondition), "\(condition)")
    }

    @Test("asks for no more ticks and samples than there may be", arguments: [-1, 1_000_001, .min, .max])
    func counts(_ count: Int) {
        var error = #expect(throws: WatchError.self) { try request(Condition<Int>.changed, ticks: count) }
        #expect(error == WatchError(.ticksOutOfRange))
        error = #expect(throws: WatchError.self) { try request(Condition<Int>.changed, history: count) }
        #expect(error == WatchError(.historyOutOfRange))
    }

    @Test("that is an integer's threshold and no more is the plain request, all else is not")
    func plain() throws {
        #expect(try request(Condition<Int>.above(5)).isPlain)
        #expect(try request(Condition<UInt8>.below(5)).isPlain)
        #expect(try !request(Condition<Int>.above(5, rearm: 4)).isPlain)
        #expect(try !request(Condition<Int>.equal(5)).isPlain)
        #expect(try !request(Condition<Double>.above(5)).isPlain)
        #expect(try !request(Condition<Int>.above(5), ticks: 2).isPlain)
        #expect(try !request(Condition<Int>.above(5), history: 1).isPlain)
    }
}
