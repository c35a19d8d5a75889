// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// When a watch hits (`enum vmon_comparison`).
public enum Comparison: Equatable, Sendable {
    case greater, less, equal, notEqual
    /// Below the threshold, or above a second one.
    case outside
    case changed, changedBy, unchanged
    case anyBits, allBits
    /// One that this version does not know.
    case other(UInt8)

    init(_ value: UInt8) {
        self =
            switch UInt32(value) {
            case VMON_GREATER.rawValue: .greater
            case VMON_LESS.rawValue: .less
            case VMON_EQUAL.rawValue: .equal
            case VMON_NOT_EQUAL.rawValue: .notEqual
            case VMON_OUTSIDE.rawValue: .outside
            case VMON_CHANGED.rawValue: .changed
            case VMON_CHANGED_BY.rawValue: .changedBy
            case VMON_UNCHANGED.rawValue: .unchanged
            case VMON_BITS_ANY.rawValue: .anyBits
            case VMON_BITS_ALL.rawValue: .allBits
            default: .other(value)
            }
    }
}

/// How the bytes of a variable are a number. Records extend them to 64 bits: of a `float` with zeros.
public enum NumberKind: Equatable, Sendable {
    case signed, unsigned, float, double

    init(flags: UInt8, length: UInt8) {
        let isUnsigned = UInt32(flags) & VMON_WATCH_UNSIGNED.rawValue != 0
        let isFloat = UInt32(flags) & VMON_WATCH_FLOAT.rawValue != 0
        self = isFloat ? (length == 4 ? .float : .double) : isUnsigned ? .unsigned : .signed
    }
}

/// What more is to be said of a hit whose watch asks for more than a threshold (`struct vmon_condition`).
public struct Condition: Sendable {
    public let header: RecordHeader
    public let watchID: UInt64
    /// The second threshold of ``Comparison/outside``.
    public let high: UInt64
    /// To which the value has to come back before the next hit; 0 if the watch has no such value,
    /// which ``Hit/hasRearm`` tells.
    public let rearm: UInt64
    /// nil if no tick before could read the variable.
    public let previous: Previous?
    /// At which it is to hold in a row.
    public let ticks: UInt32
    /// At which it held in a row, with the hit's.
    public let ticksHeld: UInt32

    /// What the tick before read.
    public struct Previous: Sendable {
        public let value: UInt64
        /// `CLOCK_MONOTONIC` in ns.
        public let time: UInt64
        /// For how long ticks read the same value until the hit, in ns.
        public let unchanged: UInt64
    }

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let condition = try cursor.take(vmon_condition.self)
        header = RecordHeader(condition.record)
        watchID = condition.watch_id
        high = condition.high
        rearm = condition.rearm
        let isPreviousKnown = condition.known & VMON_KNOWN_PREVIOUS.rawValue != 0
        previous =
            isPreviousKnown
            ? Previous(
                value: condition.previous, time: condition.previous_ns, unchanged: condition.unchanged_ns)
            : nil
        ticks = condition.ticks
        ticksHeld = condition.ticks_held
    }
}
