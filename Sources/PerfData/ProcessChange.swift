// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// What a record other than a sample says about a process.
enum ProcessChange {
    case name(pid: UInt32, tid: UInt32, RawText, isExec: Bool)
    case fork(pid: UInt32, tid: UInt32, parent: UInt32, parentTask: UInt32, hasOwnMappings: Bool)
    case exit(pid: UInt32, tid: UInt32)
    case map(pid: UInt32, FileMapping, isExecutable: Bool)

    /// Nil for records that tell about something else.
    ///
    /// - Parameter isOfThisMachine: whether the record was made here.
    init?(
        _ record: RecordPrefix, _ body: FieldCursor, _ buildIDs: BuildIDs, isOfThisMachine: Bool
    ) throws(PerfRecordFlaw) {
        var body = body
        switch RecordType(rawValue: record.type) {
        case .comm:
            let (pid, tid) = (try body.take(UInt32.self), try body.take(UInt32.self))
            let name = try body.takeText(byteCount: UInt64(min(body.count, 16)))
            self = .name(pid: pid, tid: tid, RawText(Array(name)[...]), isExec: record.isExec)
        case .fork:
            let (pid, parent) = (try body.take(UInt32.self), try body.take(UInt32.self))
            let (tid, parentTask) = (try body.take(UInt32.self), try body.take(UInt32.self))
            self = .fork(
                pid: pid, tid: tid, parent: parent, parentTask: parentTask,
                hasOwnMappings: record.isForkOfExecuted)
        case .exit:
            let pid = try body.take(UInt32.self)
            try body.skip(4)
            self = .exit(pid: pid, tid: try body.take())
        case .mmap where record.mode == .user, .mmap2 where record.mode == .user:
            let pid = try body.take(UInt32.self)
            let mapping = try FileMapping(record, &body, buildIDs, mapper: isOfThisMachine ? pid : nil)
            self = .map(pid: pid, mapping, isExecutable: !record.isDataMapping)
        default: return nil
        }
    }
}

extension FileMapping {
    /// Reads what is behind the process's id, and leaves the trailer.
    fileprivate init(
        _ record: RecordPrefix, _ body: inout FieldCursor, _ buildIDs: BuildIDs, mapper: UInt32?
    ) throws(PerfRecordFlaw) {
        try body.skip(4)
        let start = try body.take(UInt64.self)
        let (end, overflow) = start.addingReportingOverflow(try body.take())
        guard start < end, !overflow else { throw .badRange }
        let offset = try body.take(UInt64.self)

        let (buildID, identity) = try body.takeMappedFile(of: record)
        // The text has NULs behind it, and these the trailer.
        let path = Array(try body.takeText(byteCount: UInt64(body.count)))
        self.init(
            addresses: start..<end, offset: offset,
            // What has no file has no name in /proc/PID/maps.
            path: path.elementsEqual("//anon".utf8) ? [] : path,
            buildID: buildID.isEmpty ? buildIDs.buildID(ofPath: path) : buildID, identity: identity,
            mapper: mapper)
    }
}

extension FieldCursor {
    /// What a mapping says of its file between offset and path: its build-id, or device and inode; the older MMAP
    /// says nothing.
    mutating func takeMappedFile(of record: RecordPrefix) throws(PerfRecordFlaw) -> (
        buildID: [UInt8], identity: FileIdentity
    ) {
        var buildID: [UInt8] = []
        var identity = FileIdentity(deviceMajor: 0, deviceMinor: 0, inode: 0)
        guard record.type == RecordType.mmap2.rawValue else { return (buildID, identity) }
        var file = try head(byteCount: 24)
        if record.hasBuildID {
            let size = try file.take(UInt8.self)
            try file.skip(3)
            buildID = Array(try file.take(byteCount: 20).prefix(Int(size)))
        } else {
            let (major, minor) = (try file.take(UInt32.self), try file.take(UInt32.self))
            identity = FileIdentity(deviceMajor: major, deviceMinor: minor, inode: try file.take())
        }
        // Protection and flags of the mapping.
        try skip(8)
        return (buildID, identity)
    }
}
