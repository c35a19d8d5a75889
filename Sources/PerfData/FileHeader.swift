// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a file tells before its records and behind them.
struct FileHeader {
    var events = EventTable()
    var host = Host()
    var buildIDs = BuildIDs()
    /// Where the records are.
    let records: Range<UInt64>
    /// Everything comes as records, as perf writes it into a pipe.
    let isStream: Bool

    /// Most bytes of a part that are read: far more than the largest is.
    private static let partSizeMax: UInt64 = 64 << 20
    private static let magic: UInt64 = 0x3245_4c49_4652_4550  // PERFILE2
    private static let streamHeaderSize: UInt64 = 16
    private static let featureBits = 256

    init(_ file: InputFile) throws(PerfDataError) {
        let bytes = try file.read(at: 0, count: 104)
        var cursor = FieldCursor(bytes)
        guard let magic = try? cursor.take(UInt64.self) else { throw .notPerfData }
        if magic == Self.magic.byteSwapped { throw .otherByteOrder }
        guard magic == Self.magic, let size = try? cursor.take(UInt64.self) else { throw .notPerfData }
        if size == Self.streamHeaderSize {
            isStream = true
            records = size..<max(file.size, size)
            return
        }
        isStream = false
        do {
            let attributeSize = try cursor.take(UInt64.self)
            let attributes = try Section(&cursor)
            let data = try Section(&cursor)
            try cursor.skip(16)
            guard data.size > 0 else { throw PerfDataError.unfinished }
            guard let end = data.end else { throw PerfDataError.damaged("where its data are") }
            records = data.offset..<end
            try readAttributes(attributes, size: attributeSize, of: file)
            try readFeatures(try cursor.take(byteCount: UInt64(Self.featureBits / 8)), of: file)
        } catch let error as PerfDataError {
            throw error
        } catch {
            throw .damaged("its header")
        }
        try events.check()
    }

    /// Part of a file (`struct perf_file_section`).
    private struct Section {
        let offset: UInt64
        let size: UInt64

        init(_ cursor: inout FieldCursor) throws(PerfRecordFlaw) {
            offset = try cursor.take()
            size = try cursor.take()
        }

        /// Nil if it goes around the end of all numbers.
        var end: UInt64? {
            let (end, overflow) = offset.addingReportingOverflow(size)
            return overflow || Int64(exactly: end) == nil ? nil : end
        }

        func contents(of file: InputFile) throws(PerfDataError) -> FieldCursor {
            guard size <= FileHeader.partSizeMax, let end, end <= file.size else {
                throw .damaged("where its parts are")
            }
            return FieldCursor(try file.read(at: offset, count: Int(size)))
        }
    }

    /// Entries of the structure, and where the ids of its event are.
    private mutating func readAttributes(_ section: Section, size: UInt64, of file: InputFile) throws {
        var list = try section.contents(of: file)
        let sectionSize: UInt64 = 16
        guard size > sectionSize else { throw PerfDataError.damaged("the size of its events") }
        while !list.isAtEnd {
            var entry = try list.head(byteCount: size)
            var place = try entry.split(last: Int(sectionSize))
            let attributes = try EventAttributes(&entry)
            var ids = try Section(&place).contents(of: file)
            events.add(attributes, ids: try ids.takeIDs(ids.count / 8))
        }
    }

    /// Each bit stands for a feature; where they are is told behind the records.
    private mutating func readFeatures(_ bits: ArraySlice<UInt8>, of file: InputFile) throws {
        let present = (0..<Self.featureBits).filter { bits[bits.startIndex + $0 / 8] & 1 << ($0 % 8) != 0 }
        // What an interrupted perf did not write, names without which the rest still means much.
        var list = FieldCursor(try file.read(at: records.upperBound, count: present.count * 16))
        for feature in present {
            guard let place = try? Section(&list), var contents = try? place.contents(of: file) else {
                return
            }
            try read(feature: UInt64(feature), &contents)
        }
    }

    /// Takes in the contents of a feature; those that nobody needs change nothing.
    mutating func read(feature: UInt64, _ contents: inout FieldCursor) throws(PerfDataError) {
        do throws(PerfRecordFlaw) {
            switch Feature(rawValue: feature) {
            case .buildIDs: try buildIDs.add(&contents)
            case .hostName: host.name = try contents.takeString()
            case .release: host.release = try contents.takeString()
            case .architecture: host.architecture = try contents.takeString()
            case .events: events.name(try contents.takeEventNames())
            case nil: break
            }
        } catch {
            throw .damaged("what it says of its host and events")
        }
        if let architecture = host.architecture, architecture != "x86_64" {
            throw .otherArchitecture(architecture)
        }
    }

    private enum Feature: UInt64 {
        case buildIDs = 2
        case hostName = 3
        case release = 4
        case architecture = 6
        case events = 12
    }
}

/// The machine on which a file was recorded, as far as it is told.
public struct Host: Equatable, Sendable {
    public var name: String?
    /// Of the kernel, as `uname -r` has it.
    public var release: String?
    public var architecture: String?

    /// Whether it has this machine's name.
    var isThisMachine: Bool {
        var names = utsname()
        guard let name, unsafe uname(&names) == 0 else { return false }
        return unsafe withUnsafeBytes(of: &names.nodename) {
            unsafe $0.prefix { $0 != 0 }.elementsEqual(name.utf8)
        }
    }
}

extension FieldCursor {
    /// A text with its length, as features hold it.
    fileprivate mutating func takeString() throws(PerfRecordFlaw) -> String {
        let length = try take(UInt32.self)
        return String(decoding: try takeText(byteCount: UInt64(length)), as: UTF8.self)
    }

    mutating func takeIDs(_ count: Int) throws(PerfRecordFlaw) -> [UInt64] {
        // Bounded before: each is to take its bytes from the cursor.
        guard count <= self.count / 8 else { throw .pastEnd }
        var ids: [UInt64] = []
        for _ in 0..<count { ids.append(try take()) }
        return ids
    }

    /// Of the list of all events.
    fileprivate mutating func takeEventNames() throws(PerfRecordFlaw) -> [String] {
        let count = try take(UInt32.self)
        let attributeSize = try take(UInt32.self)
        var names: [String] = []
        for _ in 0..<count {
            try skip(UInt64(attributeSize))
            let idCount = try take(UInt32.self)
            names.append(try takeString())
            try skip(words: UInt64(idCount))
        }
        return names
    }
}
