// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// One watch whose condition held at a tick (`struct vmon_hit`).
public struct Hit: Sendable {
    public let header: RecordHeader
    public let watchID: UInt64
    /// Virtual address of the variable in its process.
    public let address: UInt64
    /// The value that was read, sign- or zero-extended to 64 bits.
    public let value: UInt64
    public let threshold: UInt64
    /// Ticks before this one at which the comparison held, but the watch was muted.
    public let mutedTicks: UInt64
    public let interval: UInt64
    /// The tick, `CLOCK_MONOTONIC` in ns.
    public let tickTime: UInt64
    /// The tick, `CLOCK_REALTIME` in ns.
    public let tickRealtime: UInt64
    /// The instruction that the tick interrupted on its CPU, and the task; pid 0 is an idle CPU.
    public let runningAddress: UInt64
    public let runningPID: UInt32
    public let runningComm: RawText
    public let tickCPU: UInt32
    /// Process of the variable.
    public let pid: UInt32
    /// Length of the variable in bytes.
    public let length: UInt8
    public let kind: NumberKind
    /// The value has to come back to a certain one before the next hit.
    public let hasRearm: Bool
    public let comparison: Comparison
    public let name: RawText
    /// nil if the watch asks for a threshold and no more.
    public internal(set) var condition: Condition?

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let hit = try cursor.take(vmon_hit.self)
        header = RecordHeader(hit.record)
        watchID = hit.watch_id
        address = hit.address
        value = hit.value
        threshold = hit.threshold
        mutedTicks = hit.muted_ticks
        interval = hit.interval_ns
        tickTime = hit.tick_ns
        tickRealtime = hit.tick_realtime_ns
        runningAddress = hit.running_ip
        runningPID = hit.running_pid
        runningComm = RawText(fixed: hit.running_comm)
        tickCPU = hit.tick_cpu
        pid = hit.pid
        length = hit.length
        kind = NumberKind(flags: hit.flags, length: hit.length)
        hasRearm = UInt32(hit.flags) & VMON_WATCH_REARM.rawValue != 0
        comparison = Comparison(hit.comparison)
        name = RawText(fixed: hit.name)
    }
}
