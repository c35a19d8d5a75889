// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// What every record begins with.
public struct RecordHeader: Equatable, Sendable {
    /// `enum vmon_record_type`; may be one that this version does not know.
    public let type: UInt16
    /// Consecutive from 1; a gap is where records were lost.
    public let sequence: UInt64
    /// When the record was written, `CLOCK_MONOTONIC` in ns.
    public let time: UInt64
    /// The dump to which it belongs, from 1; 0 for none.
    public let dumpID: UInt64
    /// The CPU that wrote it.
    public let cpu: UInt32

    public init(type: UInt16, sequence: UInt64, time: UInt64, dumpID: UInt64, cpu: UInt32) {
        self.type = type
        self.sequence = sequence
        self.time = time
        self.dumpID = dumpID
        self.cpu = cpu
    }

    init(_ record: vmon_record) {
        type = record.type
        sequence = record.sequence
        time = record.time_ns
        dumpID = record.dump_id
        cpu = record.cpu
    }
}
