// SPDX-License-Identifier: Apache-2.0

/// The build-ids of files that samples were in, as perf looked them up when it ended.
struct BuildIDs {
    private var ofPath: [[UInt8]: [UInt8]] = [:]
    /// Of the kernel; nil if it is not told.
    private(set) var ofKernel: [UInt8]?

    /// Empty if it is not told.
    func buildID(ofPath path: some Sequence<UInt8>) -> [UInt8] {
        ofPath.isEmpty ? [] : ofPath[Array(path)] ?? []
    }

    /// Adds entries, one behind the other, each of which looks like a record.
    mutating func add(_ list: inout FieldCursor) throws(PerfRecordFlaw) {
        while !list.isAtEnd {
            let prefix = try RecordPrefix(&list)
            var entry = try list.head(byteCount: UInt64(prefix.size) - UInt64(RecordPrefix.byteCount))
            try addEntry(prefix, &entry)
        }
    }

    /// Adds one entry (`struct perf_record_header_build_id`).
    mutating func addEntry(_ prefix: RecordPrefix, _ entry: inout FieldCursor) throws(PerfRecordFlaw) {
        try entry.skip(4)
        let field = try entry.take(byteCount: 24)
        let path = try entry.takeText(byteCount: UInt64(entry.count))
        // Before perf 5.10 all had 20 bytes, and none said how many.
        let size = prefix.flags & Self.hasSize == 0 ? 20 : Int(field[field.startIndex + 20])
        let buildID = Array(field.prefix(min(size, 20)))
        switch prefix.mode {
        case .user: ofPath[Array(path)] = buildID
        case .kernel where path.elementsEqual("[kernel.kallsyms]".utf8): ofKernel = buildID
        default: break
        }
    }

    private static let hasSize: UInt16 = 1 << 15
}
