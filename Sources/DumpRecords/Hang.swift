// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// A task that the kernel found hung, and that caused a dump (`struct vmon_hang`).
public struct Hang: Sendable {
    public let header: RecordHeader
    /// `CLOCK_BOOTTIME` in ns.
    public let startTime: UInt64
    public let pid: UInt32
    public let tgid: UInt32
    public let comm: RawText

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let hang = try cursor.take(vmon_hang.self)
        header = RecordHeader(hang.record)
        startTime = hang.start_time_ns
        pid = hang.pid
        tgid = hang.tgid
        comm = RawText(fixed: hang.comm)
    }
}
