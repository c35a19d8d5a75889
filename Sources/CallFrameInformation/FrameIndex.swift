// SPDX-License-Identifier: Apache-2.0

/// Finds the entry of an address in a section of call-frame information.
struct FrameIndex {
    let section: FrameSection
    private let order: Order

    private enum Order {
        /// The linker's sorted table (`.eh_frame_hdr`), entries of 8 bytes from an offset on.
        case table(SectionBytes, offset: Int, count: Int)
        /// Start addresses and offsets of entries, found by reading the section once.
        case scanned([(start: UInt64, offset: Int)])
    }

    /// The header's first 12 bytes, in the one encoding that linkers write, hold its version, encodings,
    /// a pointer to `.eh_frame`, and the number of entries.
    private static let headerSize = 12

    /// By the linker's table; where there is none in the usual encoding, by reading the whole section.
    ///
    /// - Parameters:
    ///   - header: the bytes from the start of `.eh_frame_hdr` on.
    ///   - memory: the bytes from a file address to the end of the segment that it is in.
    init?(header: SectionBytes, memory: (UInt64) -> SectionBytes?) {
        var cursor = ByteCursor(header, 0..<header.count)
        guard let version = try? cursor.take(UInt8.self), version == 1,
            let pointerEncoding = try? cursor.take(UInt8.self),
            let countEncoding = try? cursor.take(UInt8.self),
            let tableEncoding = try? cursor.take(UInt8.self),
            let start = try? cursor.takePointer(pointerEncoding, dataBase: header.address),
            let bytes = memory(start)
        else { return nil }
        let section = FrameSection(bytes: bytes, kind: .exceptionHandling)
        if countEncoding == 0x03, tableEncoding == 0x3b, cursor.offset == Self.headerSize - 4,
            let count = try? cursor.take(UInt32.self), Int(count) <= (header.count - Self.headerSize) / 8
        {
            self.init(section, .table(header, offset: Self.headerSize, count: Int(count)))
        } else {
            self.init(scanning: section)
        }
    }

    /// By reading the whole section.
    init(scanning section: FrameSection) {
        var found: [(start: UInt64, offset: Int)] = []
        var offset = 0
        while let next = section.next(after: offset) {
            if case .frame(let frame) = (try? section.entry(at: offset))?.entry, frame.size > 0 {
                found.append((frame.start, offset))
            }
            offset = next
        }
        self.init(section, .scanned(found.sorted { ($0.start, $0.offset) < ($1.start, $1.offset) }))
    }

    private init(_ section: FrameSection, _ order: Order) {
        self.section = section
        self.order = order
    }

    /// The entry of the code at a file address.
    ///
    /// - Throws: if there is one that cannot be read.
    func entry(of address: UInt64) throws(Malformed) -> FrameEntry? {
        guard let offset = try offset(of: address),
            case .frame(let frame) = try section.entry(at: offset)?.entry
        else { return nil }
        return frame.contains(address) ? frame : nil
    }

    /// Offset of the last entry that begins at an address or before it.
    private func offset(of address: UInt64) throws(Malformed) -> Int? {
        switch order {
        case .scanned(let entries):
            let behind = partition(entries.count) { entries[$0].start > address }
            return behind > 0 ? entries[behind - 1].offset : nil
        case .table(let header, let first, let count):
            func value(_ index: Int, _ field: Int) -> UInt64 {
                let relative = header.load(at: first + index * 8 + field, as: Int32.self) ?? 0
                return header.address &+ UInt64(bitPattern: Int64(relative))
            }
            let behind = partition(count) { value($0, 0) > address }
            guard behind > 0 else { return nil }
            guard let offset = section.bytes.offset(of: value(behind - 1, 4)) else { throw Malformed() }
            return offset
        }
    }

    /// The first of the numbers below `count` that is behind, or `count`; none before it is.
    private func partition(_ count: Int, _ isBehind: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
