// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// Opens a dump (`struct vmon_dump_begin`).
public struct DumpBegin: Sendable {
    public let header: RecordHeader
    /// `CLOCK_REALTIME` in ns.
    public let realtime: UInt64
    public let reasons: Reasons
    /// Records of hits that follow.
    public let hits: UInt32

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let begin = try cursor.take(vmon_dump_begin.self)
        header = RecordHeader(begin.record)
        realtime = begin.realtime_ns
        reasons = Reasons(rawValue: begin.reason)
        hits = begin.hits
    }

    /// Why the dump was made (`enum vmon_dump_reason`).
    public struct Reasons: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Watches hit.
        public static let hit = Reasons(rawValue: VMON_DUMP_HIT.rawValue)
        /// Someone asked for it (`VMON_IOC_DUMP`).
        public static let request = Reasons(rawValue: VMON_DUMP_REQUEST.rawValue)
        /// The kernel found hung tasks.
        public static let hang = Reasons(rawValue: VMON_DUMP_HANG.rawValue)
    }
}

/// Closes a dump with its totals (`struct vmon_dump_end`).
public struct DumpEnd: Sendable {
    public let header: RecordHeader
    /// When the first task was captured, `CLOCK_MONOTONIC` in ns; 0 if none was.
    public let firstCapture: UInt64
    /// When the last task was captured, likewise.
    public let lastCapture: UInt64
    /// How long the dump took, in ns.
    public let duration: UInt64
    public let tasksSeen: UInt32
    public let tasksCaptured: UInt32
    /// Selected, but past the limit of tasks.
    public let skippedLimit: UInt32
    /// Selected, but past the limit of time.
    public let skippedTime: UInt32
    /// Selected, but gone before their turn.
    public let skippedExited: UInt32
    /// Captured, but the buffer was full.
    public let skippedFull: UInt32

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let end = try cursor.take(vmon_dump_end.self)
        header = RecordHeader(end.record)
        firstCapture = end.first_capture_ns
        lastCapture = end.last_capture_ns
        duration = end.duration_ns
        tasksSeen = end.tasks_seen
        tasksCaptured = end.tasks_captured
        skippedLimit = end.skipped_limit
        skippedTime = end.skipped_time
        skippedExited = end.skipped_exited
        skippedFull = end.skipped_full
    }
}
