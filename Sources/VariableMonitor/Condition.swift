// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

/// When a watch hits.
///
///     try startWatch(&temp, when: .above(150, rearm: 100))
///     try startWatch(&load, when: .outside(0.1...0.9))
///     try startWatch(&heartbeat, when: .unchanged(for: .milliseconds(50)))
///
/// Each tick reads the variable once; what it holds between ticks is not seen. The first tick
/// has none before it to compare with. A condition that makes no sense for a type does not
/// compile: floating-point variables have no bits.
///
/// Floating-point values are compared as Swift does, exactly: -0 equals 0, and a variable
/// that is not a number hits nothing.
public struct Condition<Value: Watchable>: Hashable, Sendable {
    /// One of `vmon_comparison`.
    let comparison: UInt8
    /// Values as the module has them.
    let threshold: UInt64
    let high: UInt64
    let rearm: UInt64?
    /// Whether the module would take it.
    let isValid: Bool

    private init(
        _ comparison: vmon_comparison, _ threshold: UInt64, high: UInt64 = 0, rearm: UInt64? = nil,
        isValid: Bool
    ) {
        self.comparison = UInt8(comparison.rawValue)
        self.threshold = threshold
        self.high = high
        self.rearm = rearm
        self.isValid = isValid
    }
}

extension Condition {
    /// The value is greater than the limit.
    ///
    /// - Parameters:
    ///   - limit: itself no hit.
    ///   - rearm: after a hit, none until the value was at most this, which is not above the
    ///     limit. `nil`: the next hit may come as soon as the watch is not muted any more.
    public static func above(_ limit: Value, rearm: Value? = nil) -> Condition {
        compare(VMON_GREATER, with: limit, rearm: rearm, fits: rearm.map { $0 <= limit })
    }

    /// The value is less than the limit.
    ///
    /// - Parameters:
    ///   - limit: itself no hit.
    ///   - rearm: after a hit, none until the value was at least this, which is not below the limit.
    public static func below(_ limit: Value, rearm: Value? = nil) -> Condition {
        compare(VMON_LESS, with: limit, rearm: rearm, fits: rearm.map { $0 >= limit })
    }

    /// The value is this one.
    public static func equal(_ value: Value) -> Condition {
        compare(VMON_EQUAL, with: value)
    }

    /// The value is another than this one.
    public static func notEqual(_ value: Value) -> Condition {
        compare(VMON_NOT_EQUAL, with: value)
    }

    /// The value is less than the range's lower bound, or greater than its upper bound.
    public static func outside(_ range: ClosedRange<Value>) -> Condition {
        let encode = Value.watchFormat.encode
        // A range that an optimised program made unchecked may be any two values.
        return Condition(
            VMON_OUTSIDE, encode(range.lowerBound), high: encode(range.upperBound),
            isValid: range.lowerBound <= range.upperBound)
    }

    /// The value is another than at the tick before.
    public static var changed: Condition {
        Condition(VMON_CHANGED, 0, isValid: true)
    }

    /// The value has stayed the same for at least this time: a heartbeat that stopped.
    ///
    /// - Parameter time: at least a nanosecond; parts of one are dropped.
    public static func unchanged(for time: Duration) -> Condition {
        let nanoseconds = time.wholeNanoseconds
        return Condition(VMON_UNCHANGED, nanoseconds ?? 0, isValid: nanoseconds != nil)
    }

    private static func compare(
        _ comparison: vmon_comparison, with limit: Value, rearm: Value? = nil, fits: Bool? = nil
    ) -> Condition {
        let encode = Value.watchFormat.encode
        // Only a value that is not a number differs from itself.
        return Condition(
            comparison, encode(limit), rearm: rearm.map(encode), isValid: limit == limit && fits ?? true)
    }
}

extension Condition where Value: FixedWidthInteger {
    /// The value is higher or lower by more than this than at the tick before.
    public static func changed(byMoreThan step: Value.Magnitude) -> Condition {
        Condition(VMON_CHANGED_BY, UInt64(truncatingIfNeeded: step), isValid: true)
    }

    /// At least one of these bits is set.
    ///
    /// - Parameter mask: not 0.
    public static func bits(any mask: Value.Magnitude) -> Condition {
        Condition(VMON_BITS_ANY, UInt64(truncatingIfNeeded: mask), isValid: mask != 0)
    }

    /// All of these bits are set.
    ///
    /// - Parameter mask: not 0.
    public static func bits(all mask: Value.Magnitude) -> Condition {
        Condition(VMON_BITS_ALL, UInt64(truncatingIfNeeded: mask), isValid: mask != 0)
    }
}

extension Condition where Value: BinaryFloatingPoint {
    /// The value is higher or lower by more than this than at the tick before.
    ///
    /// - Parameter step: finite, and not negative.
    public static func changed(byMoreThan step: Value) -> Condition {
        Condition(VMON_CHANGED_BY, Value.watchFormat.encode(step), isValid: step.isFinite && step >= 0)
    }
}

extension Condition {
    /// The condition of a threshold alone.
    init(_ comparison: Comparison, _ threshold: Value) {
        self =
            switch comparison {
            case .above: .above(threshold)
            case .below: .below(threshold)
            }
    }

    /// The same kind of condition with another threshold; `nil` for kinds that have none.
    func with(threshold: Value) -> Condition? {
        switch UInt32(comparison) {
        case VMON_GREATER.rawValue where rearm == nil: .above(threshold)
        case VMON_LESS.rawValue where rearm == nil: .below(threshold)
        case VMON_EQUAL.rawValue: .equal(threshold)
        case VMON_NOT_EQUAL.rawValue: .notEqual(threshold)
        default: nil
        }
    }

    /// Whether a watch of the one can get the values of the other.
    func isSameKind(as other: Condition) -> Bool {
        comparison == other.comparison && (rearm == nil) == (other.rearm == nil)
    }
}

extension Duration {
    /// Parts of a nanosecond are dropped; `nil` if it is then not positive, or does not fit.
    var wholeNanoseconds: UInt64? {
        UInt64(exactly: attoseconds / 1_000_000_000).flatMap { $0 > 0 ? $0 : nil }
    }
}
