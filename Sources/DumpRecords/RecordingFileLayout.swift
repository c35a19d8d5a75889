// SPDX-License-Identifier: Apache-2.0

/// The layout of a saved recording, for its reader and for who writes it.
public enum RecordingFileLayout {
    static let magic = Array("VMONREC\n".utf8)
    private static let version: UInt32 = 1
    private static let sectionsMax = 64
    private static let headerSize = 16
    private static let sectionSize = 32

    enum Kind: UInt32 {
        case machine = 1
        case kallsyms = 2
        case modules = 3
        case records = 4
    }

    struct Section: Sendable {
        /// Nil for one that this version does not know.
        let kind: Kind?
        let isCompressed: Bool
        let offset: UInt64
        let storedSize: UInt64
        /// Before it was compressed.
        let size: UInt64
    }

    /// All that comes before the records, which follow and go to the end of the file.
    public static func head(
        machine: RecordedMachine, kallsyms: [UInt8], modules: [UInt8]
    ) -> [UInt8] {
        let parts: [(Kind, [UInt8])] = [(.machine, machine.text), (.kallsyms, kallsyms), (.modules, modules)]
        var table = magic
        table.append(version)
        table.append(UInt32(parts.count + 1))
        let dataStart = headerSize + sectionSize * (parts.count + 1)
        var data: [UInt8] = []
        for (kind, contents) in parts {
            let compressed = kind == .machine ? nil : Zlib.compressed(contents)
            let stored = compressed ?? contents
            table.append(kind.rawValue)
            table.append(UInt32(compressed == nil ? 0 : 1))
            table.append(UInt64(dataStart + data.count))
            table.append(UInt64(stored.count))
            table.append(UInt64(contents.count))
            data += stored + [UInt8](repeating: 0, count: -stored.count & 7)
        }
        table.append(Kind.records.rawValue)
        table.append(UInt32(0))
        table.append(UInt64(dataStart + data.count))
        table.append(contentsOf: recordsSize(0))
        return table + data
    }

    /// Where in the head the size of the records is, to be written when it is known.
    public static let recordsSizeOffset: Int64 = Int64(headerSize + sectionSize * 3 + 16)

    /// The bytes to be written there.
    public static func recordsSize(_ size: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(size)
        bytes.append(size)
        return bytes
    }

    static func sections(of bytes: [UInt8]) throws(RecordingFileError) -> [Section] {
        guard RecordingFile.isOne(bytes) else { throw .noRecording }
        var cursor = RecordCursor(bytes[magic.count...])
        guard let found = try? cursor.take(UInt32.self), let count = try? cursor.take(UInt32.self) else {
            throw .cutShort
        }
        guard found == version else { throw .otherVersion(found) }
        var sections: [Section] = []
        for _ in 0..<min(Int(count), sectionsMax) {
            guard let section = try? Section(&cursor) else { throw .cutShort }
            sections.append(section)
        }
        return sections
    }
}

extension RecordingFileLayout.Section {
    fileprivate init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        kind = RecordingFileLayout.Kind(rawValue: try cursor.take(UInt32.self))
        isCompressed = try cursor.take(UInt32.self) == 1
        offset = try cursor.take(UInt64.self)
        storedSize = try cursor.take(UInt64.self)
        size = try cursor.take(UInt64.self)
    }
}

extension [UInt8] {
    /// Appends an integer in the byte order of the machine, which is that of the records.
    fileprivate mutating func append(_ integer: some FixedWidthInteger & BitwiseCopyable) {
        append(contentsOf: bytes(ofFixed: integer))
    }
}
