// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// One record of the buffer, by its type.
public enum Record: Sendable {
    case dumpBegin(DumpBegin)
    case hit(Hit)
    case task(CapturedTask)
    case process(CapturedProcess)
    case mappings(AddressSpace)
    case dumpEnd(DumpEnd)
    case lost(LostRecords)
    case watchEnd(WatchEnd)
    case hang(Hang)
    case condition(Condition)
    case history(History)
    case blocked(BlockedOn)
    /// Of a type that this version does not know.
    case unknown(RecordHeader)

    /// Reads the whole record at the cursor.
    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        var ahead = cursor
        let header = RecordHeader(try ahead.take(vmon_record.self))
        switch UInt32(header.type) {
        case VMON_RECORD_DUMP_BEGIN.rawValue: self = .dumpBegin(try DumpBegin(&cursor))
        case VMON_RECORD_HIT.rawValue: self = .hit(try Hit(&cursor))
        case VMON_RECORD_TASK.rawValue: self = .task(try CapturedTask(&cursor))
        case VMON_RECORD_PROCESS.rawValue: self = .process(try CapturedProcess(&cursor))
        case VMON_RECORD_MAPPINGS.rawValue: self = .mappings(try AddressSpace(&cursor))
        case VMON_RECORD_DUMP_END.rawValue: self = .dumpEnd(try DumpEnd(&cursor))
        case VMON_RECORD_LOST.rawValue: self = .lost(try LostRecords(&cursor))
        case VMON_RECORD_WATCH_END.rawValue: self = .watchEnd(try WatchEnd(&cursor))
        case VMON_RECORD_HANG.rawValue: self = .hang(try Hang(&cursor))
        case VMON_RECORD_CONDITION.rawValue: self = .condition(try Condition(&cursor))
        case VMON_RECORD_HISTORY.rawValue: self = .history(try History(&cursor))
        case VMON_RECORD_BLOCKED.rawValue: self = .blocked(try BlockedOn(&cursor))
        default: self = .unknown(header)
        }
    }

    /// Whether this version knows the type.
    static func isKnown(_ type: UInt32) -> Bool {
        (VMON_RECORD_DUMP_BEGIN.rawValue...VMON_RECORD_BLOCKED.rawValue).contains(type)
    }
}
