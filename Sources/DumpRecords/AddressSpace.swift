// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// The executable mappings of one address space (`struct vmon_mappings`).
public struct AddressSpace: Sendable {
    /// Number within the dump, from 1.
    public let number: UInt64
    /// A process that uses it.
    public let tgid: UInt32
    /// Nothing could be read, because the process was changing its mappings.
    public private(set) var isBusy: Bool
    /// There are more mappings than the module records.
    public private(set) var isTruncated: Bool
    public private(set) var mappings: [Mapping]
    /// Of its records, in their order; empty for one that did not come from the module.
    public private(set) var headers: [RecordHeader]

    /// An address space that something else than the module told of.
    public init(number: UInt64, tgid: UInt32, mappings: [Mapping]) {
        self.number = number
        self.tgid = tgid
        self.mappings = mappings
        isBusy = false
        isTruncated = false
        headers = []
    }

    /// The mappings of one record; a long list is spread over several.
    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let part = try cursor.take(vmon_mappings.self)
        headers = [RecordHeader(part.record)]
        number = part.address_space
        tgid = part.tgid
        isBusy = part.flags & VMON_MAPPINGS_BUSY.rawValue != 0
        isTruncated = part.flags & VMON_MAPPINGS_TRUNCATED.rawValue != 0
        mappings = []
        // Each takes bytes from the cursor, so that the record's size bounds a false count.
        for _ in 0..<part.count {
            mappings.append(try Mapping(&cursor))
        }
    }

    /// Adds what another record of the same address space holds.
    mutating func merge(_ part: AddressSpace) {
        isBusy = isBusy || part.isBusy
        isTruncated = isTruncated || part.isTruncated
        mappings += part.mappings
        headers += part.headers
    }
}

/// One executable mapping (`struct vmon_mapping`).
public struct Mapping: Sendable {
    public let addresses: Range<UInt64>
    /// Of the first byte in the file, in bytes.
    public let offset: UInt64
    /// 0 for no file.
    public let inode: UInt64
    public let deviceMajor: UInt32
    public let deviceMinor: UInt32
    /// As the process's own memory has it; empty if none was found.
    public let buildID: [UInt8]
    /// As in `/proc/PID/maps`, without escapes.
    public let path: RawText

    /// A mapping that something else than the module told of.
    public init(
        addresses: Range<UInt64>, offset: UInt64, inode: UInt64, deviceMajor: UInt32, deviceMinor: UInt32,
        buildID: [UInt8], path: RawText
    ) {
        self.addresses = addresses
        self.offset = offset
        self.inode = inode
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.buildID = buildID
        self.path = path
    }

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let mapping = try cursor.take(vmon_mapping.self)
        guard mapping.start < mapping.end else { throw .badRange }
        guard mapping.build_id_bytes <= UInt8(VMON_BUILD_ID_MAX) else {
            throw .overLimit("bytes of build-id", UInt64(mapping.build_id_bytes))
        }
        addresses = mapping.start..<mapping.end
        offset = mapping.offset
        inode = mapping.inode
        deviceMajor = mapping.device_major
        deviceMinor = mapping.device_minor
        buildID = Array(bytes(ofFixed: mapping.build_id).prefix(Int(mapping.build_id_bytes)))
        path = RawText(try cursor.take(paddedByteCount: Int(mapping.path_bytes)))
    }
}
