// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// What a variable was at the ticks before a dump (`struct vmon_history`).
public struct History: Sendable {
    public let header: RecordHeader
    public let watchID: UInt64
    /// Virtual address of the variable in its process.
    public let address: UInt64
    public let interval: UInt64
    /// That were kept once, and are no more.
    public let samplesBefore: UInt64
    /// Process of the variable.
    public let pid: UInt32
    public let name: RawText
    public let length: UInt8
    public let kind: NumberKind
    /// The value has to come back to a certain one before the next hit.
    public let hasRearm: Bool
    public let comparison: Comparison
    /// One for each tick that could read the variable, the oldest first.
    public let samples: [Sample]

    /// What one tick read.
    public struct Sample: Equatable, Sendable {
        /// `CLOCK_MONOTONIC` in ns.
        public let time: UInt64
        public let value: UInt64
    }

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let history = try cursor.take(vmon_history.self)
        header = RecordHeader(history.record)
        watchID = history.watch_id
        address = history.address
        interval = history.interval_ns
        samplesBefore = history.samples_before
        pid = history.pid
        name = RawText(fixed: history.name)
        length = history.length
        kind = NumberKind(flags: history.flags, length: history.length)
        hasRearm = UInt32(history.flags) & VMON_WATCH_REARM.rawValue != 0
        comparison = Comparison(history.comparison)
        guard history.count <= UInt32(VMON_HISTORY_MAX) else {
            throw .overLimit("samples of a history", UInt64(history.count))
        }
        var samples: [Sample] = []
        samples.reserveCapacity(Int(history.count))
        for _ in 0..<history.count {
            let sample = try cursor.take(vmon_sample.self)
            samples.append(Sample(time: sample.time_ns, value: sample.value))
        }
        self.samples = samples
    }
}
