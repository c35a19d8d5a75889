// SPDX-License-Identifier: Apache-2.0

/// A saved recording: the records of the module, and what is needed to read them elsewhere.
///
/// docs/formats.md describes the layout. All sizes and offsets are checked when it is opened, except
/// that of the records: what is there of them is read.
public struct RecordingFile: Sendable {
    public let machine: RecordedMachine
    /// The file ends before its records do.
    public let isCutShort: Bool

    private let bytes: [UInt8]
    private let sections: [RecordingFileLayout.Section]

    public init(_ bytes: [UInt8]) throws(RecordingFileError) {
        self.bytes = bytes
        sections = try RecordingFileLayout.sections(of: bytes)
        guard let records = sections.first(where: { $0.kind == .records }),
            records.offset <= UInt64(bytes.count)
        else { throw .noRecords }
        isCutShort = records.storedSize > UInt64(bytes.count) - records.offset
        guard let text = try Self.contents(of: .machine, sections, bytes) else { throw .cutShort }
        machine = RecordedMachine(text)
    }

    /// Whether a file begins as one.
    public static func isOne(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.prefix(RecordingFileLayout.magic.count).elementsEqual(RecordingFileLayout.magic)
    }

    /// `/proc/kallsyms` as it was; empty if it was not recorded.
    public func kallsyms() throws(RecordingFileError) -> [UInt8] {
        try Self.contents(of: .kallsyms, sections, bytes) ?? []
    }

    /// `/proc/modules` as it was; empty if it was not recorded.
    public func modules() throws(RecordingFileError) -> [UInt8] {
        try Self.contents(of: .modules, sections, bytes) ?? []
    }

    /// The records. Damages among them tell their offsets in the file.
    public func recording() -> Recording {
        var recording = Recording()
        if let section = sections.first(where: { $0.kind == .records }) {
            let start = Int(section.offset)
            let size = min(section.storedSize, UInt64(bytes.count - start))
            recording.append(bytes, in: start..<start + Int(size))
        }
        return recording
    }

    private static func contents(
        of kind: RecordingFileLayout.Kind, _ sections: [RecordingFileLayout.Section], _ bytes: [UInt8]
    ) throws(RecordingFileError) -> [UInt8]? {
        guard let section = sections.first(where: { $0.kind == kind }) else { return nil }
        guard section.offset <= UInt64(bytes.count),
            section.storedSize <= UInt64(bytes.count) - section.offset
        else { throw .cutShort }
        let start = Int(section.offset)
        let stored = bytes[start..<start + Int(section.storedSize)]
        guard section.isCompressed else { return Array(stored) }
        guard let contents = Zlib.decompressed(stored, count: section.size) else { throw .badCompression }
        return contents
    }
}

/// Why a saved recording cannot be read at all.
public enum RecordingFileError: Error, Equatable, Sendable {
    case noRecording
    /// Its layout is newer than this program.
    case otherVersion(UInt32)
    case cutShort
    case badCompression
    case noRecords
}

extension RecordingFileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noRecording: "it is no recording of ucli record"
        case .otherVersion(let version): "its layout has version \(version), which a newer ucli may read"
        case .cutShort: "it is cut short"
        case .badCompression: "its kernel symbols are damaged"
        case .noRecords: "it has no records"
        }
    }
}

/// Where a recording was made.
public struct RecordedMachine: Equatable, Sendable {
    /// Of the kernel, as `uname -r` has it.
    public var release = ""
    /// Other at each boot: it tells whether kernel addresses are still the same.
    public var bootID = ""
    /// As `uname -m` has it.
    public var architecture = ""
    /// When the recording began to be made, `CLOCK_REALTIME` in ns; 0 if it is not told.
    public var time: UInt64 = 0

    public init() {}

    /// From lines of `key=value`; keys that are not known are skipped.
    init(_ text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let value = String(decoding: parts[1], as: UTF8.self)
            switch String(decoding: parts[0], as: UTF8.self) {
            case "release": release = value
            case "boot_id": bootID = value
            case "architecture": architecture = value
            case "time_ns": time = UInt64(value) ?? 0
            default: break
            }
        }
    }

    var text: [UInt8] {
        Array(
            "release=\(release)\nboot_id=\(bootID)\narchitecture=\(architecture)\ntime_ns=\(time)\n".utf8)
    }
}
