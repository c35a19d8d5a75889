// SPDX-License-Identifier: Apache-2.0

/// What every record begins with (`struct perf_event_header`).
struct RecordPrefix {
    let type: UInt32
    /// Of which some depend on the type.
    let flags: UInt16
    /// Of the whole record.
    let size: UInt16

    static let byteCount = 8

    init(_ cursor: inout FieldCursor) throws(PerfRecordFlaw) {
        type = try cursor.take()
        flags = try cursor.take()
        size = try cursor.take()
        guard size >= Self.byteCount else { throw .badSize }
    }

    /// What was running, or what a mapping belongs to.
    enum Mode {
        case kernel
        case user
        /// A hypervisor, a guest, or unknown.
        case other
    }

    var mode: Mode {
        switch flags & 7 {
        case 1: .kernel
        case 2: .user
        default: .other
        }
    }

    /// The mapping is not executable.
    var isDataMapping: Bool { flags & 1 << 13 != 0 }
    /// The name comes from exec.
    var isExec: Bool { flags & 1 << 13 != 0 }
    /// perf made this fork up for a process that has its own mappings.
    var isForkOfExecuted: Bool { flags & 1 << 13 != 0 }
    /// The mapping tells the build-id, in place of device and inode.
    var hasBuildID: Bool { flags & 1 << 14 != 0 }
}

/// Types of records that mean something here (`enum perf_event_type` and `perf_user_event_type`).
enum RecordType: UInt32 {
    case mmap = 1
    case lost = 2
    case comm = 3
    case exit = 4
    case fork = 7
    case sample = 9
    case mmap2 = 10
    case lostSamples = 13

    // Of perf itself.
    case attributes = 64
    case tracingData = 66
    case buildID = 67
    case auxiliaryTrace = 71
    case feature = 80
    case compressed = 81
    case compressed2 = 83
}
