// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// A process of a task of the dump, or an ancestor of one (`struct vmon_process`).
public struct CapturedProcess: Sendable {
    public let header: RecordHeader
    public let pid: UInt32
    /// 0 for none.
    public let parentPID: UInt32
    /// `CLOCK_BOOTTIME` in ns.
    public let startTime: UInt64
    public let comm: RawText
    /// Empty for kernel threads, and where the command line could not be read.
    public let arguments: [RawText]

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let process = try cursor.take(vmon_process.self)
        header = RecordHeader(process.record)
        pid = process.pid
        parentPID = process.parent_pid
        startTime = process.start_time_ns
        comm = RawText(fixed: process.comm)

        var line = try cursor.take(paddedByteCount: Int(process.command_line_bytes))
        // Programs that write their title over their arguments leave many NULs behind.
        while line.last == 0 {
            line.removeLast()
        }
        arguments =
            line.isEmpty ? [] : line.split(separator: 0, omittingEmptySubsequences: false).map(RawText.init)
    }
}
