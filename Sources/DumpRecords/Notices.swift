// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// Records that did not fit into the module's buffer (`struct vmon_lost`).
public struct LostRecords: Sendable {
    public let header: RecordHeader
    public let count: UInt64
    /// The numbers that they had.
    public let sequences: ClosedRange<UInt64>

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let lost = try cursor.take(vmon_lost.self)
        guard lost.first_sequence <= lost.last_sequence else { throw .badRange }
        header = RecordHeader(lost.record)
        count = lost.count
        sequences = lost.first_sequence...lost.last_sequence
    }
}

/// A watch that ended though its session did not ask for it (`struct vmon_watch_end`).
public struct WatchEnd: Sendable {
    public let header: RecordHeader
    public let watchID: UInt64
    public let address: UInt64
    public let pid: UInt32
    public let reason: Reason
    public let name: RawText

    /// `enum vmon_watch_end_reason`.
    public enum Reason: Equatable, Sendable {
        /// Nothing readable is mapped there any more.
        case unmapped
        /// The address space is gone: exit or exec.
        case exited
        /// The new page could not be pinned.
        case noMemory
        /// One that this version does not know.
        case other(UInt32)
    }

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let end = try cursor.take(vmon_watch_end.self)
        header = RecordHeader(end.record)
        watchID = end.watch_id
        address = end.address
        pid = end.pid
        reason =
            switch end.reason {
            case VMON_END_UNMAPPED.rawValue: .unmapped
            case VMON_END_EXITED.rawValue: .exited
            case VMON_END_NO_MEMORY.rawValue: .noMemory
            default: .other(end.reason)
            }
        name = RawText(fixed: end.name)
    }
}
