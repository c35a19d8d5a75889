// SPDX-License-Identifier: Apache-2.0

/// What the entries of one section have in common (CIE): how their numbers are to be read, and the rules
/// that hold where a function begins.
struct CommonEntry {
    let codeAlignment: UInt64
    let dataAlignment: Int64
    let returnRegister: UInt64
    let pointerEncoding: UInt8
    let hasAugmentationData: Bool
    let isSignalFrame: Bool
    /// Offsets of the instructions.
    let program: Range<Int>
}

/// The entry of a piece of code (FDE).
struct FrameEntry {
    let common: CommonEntry
    /// File addresses of the code.
    let start: UInt64
    let size: UInt64
    /// Offsets of the instructions.
    let program: Range<Int>

    func contains(_ address: UInt64) -> Bool { address &- start < size }
}

/// The two sections that hold call-frame information differ in small things.
struct FrameSection {
    enum Kind {
        /// `.eh_frame`, which is loaded with the program.
        case exceptionHandling
        /// `.debug_frame`, which is for debuggers alone.
        case debugging
    }

    let bytes: SectionBytes
    let kind: Kind

    enum Entry {
        case common
        case frame(FrameEntry)
    }

    /// The entry at an offset, and where the next one begins; nil at the section's end.
    func entry(at offset: Int) throws(Malformed) -> (entry: Entry, next: Int)? {
        guard let (body, idSize) = try extent(ofEntryAt: offset) else { return nil }
        var cursor = ByteCursor(bytes, body)
        let idOffset = cursor.offset
        let id = idSize == 8 ? try cursor.take(UInt64.self) : UInt64(try cursor.take(UInt32.self))
        if isCommonID(id, idSize) { return (.common, body.upperBound) }
        let commonOffset = kind == .exceptionHandling ? UInt64(idOffset) &- id : id
        guard let commonOffset = Int(exactly: commonOffset) else { throw Malformed() }
        return (.frame(try frame(&cursor, common: try common(at: commonOffset))), body.upperBound)
    }

    /// Where the next entry begins, for going past one that is malformed; nil if that cannot be told.
    func next(after offset: Int) -> Int? {
        (try? extent(ofEntryAt: offset))?.body.upperBound
    }

    /// Offsets of what is behind an entry's length; nil at the section's end.
    private func extent(ofEntryAt offset: Int) throws(Malformed) -> (body: Range<Int>, idSize: Int)? {
        var cursor = ByteCursor(bytes, offset..<max(offset, bytes.count))
        if cursor.isAtEnd { return nil }
        let length = try cursor.take(UInt32.self)
        if length == 0 {
            // The terminator of .eh_frame; .debug_frame has none, but may be padded.
            return nil
        }
        guard length == .max else { return (try cursor.skip(UInt64(length)), 4) }
        let longLength = try cursor.take(UInt64.self)
        return (try cursor.skip(longLength), 8)
    }

    private func isCommonID(_ id: UInt64, _ size: Int) -> Bool {
        switch kind {
        case .exceptionHandling: id == 0
        case .debugging: id == (size == 8 ? .max : 0xffff_ffff)
        }
    }

    private func common(at offset: Int) throws(Malformed) -> CommonEntry {
        guard offset >= 0, let (body, idSize) = try extent(ofEntryAt: offset) else { throw Malformed() }
        var cursor = ByteCursor(bytes, body)
        let id = idSize == 8 ? try cursor.take(UInt64.self) : UInt64(try cursor.take(UInt32.self))
        guard isCommonID(id, idSize) else { throw Malformed() }
        let version = try cursor.take(UInt8.self)
        guard version == 1 || version == 3 || version == 4 else { throw Malformed() }
        let augmentation = try takeAugmentation(&cursor)
        if version == 4 {
            // Size of addresses, and of segment selectors, which this machine does not have.
            guard try cursor.take(UInt8.self) == 8, try cursor.take(UInt8.self) == 0 else {
                throw Malformed()
            }
        }
        let codeAlignment = try cursor.takeULEB()
        let dataAlignment = try cursor.takeSLEB()
        let returnRegister = version == 1 ? UInt64(try cursor.take(UInt8.self)) : try cursor.takeULEB()

        var pointerEncoding: UInt8 = 0
        var isSignalFrame = false
        if let first = augmentation.first {
            guard first == UInt8(ascii: "z") else { throw Malformed() }
            var data = ByteCursor(bytes, try cursor.skip(try cursor.takeULEB()))
            for letter in augmentation.dropFirst() {
                switch letter {
                case UInt8(ascii: "R"): pointerEncoding = try data.take(UInt8.self)
                case UInt8(ascii: "L"): _ = try data.take(UInt8.self)
                case UInt8(ascii: "P"): _ = try data.takeNumber(try data.take(UInt8.self))
                case UInt8(ascii: "S"): isSignalFrame = true
                case UInt8(ascii: "B"): break
                default: throw Malformed()
                }
            }
        }
        return CommonEntry(
            codeAlignment: codeAlignment, dataAlignment: dataAlignment, returnRegister: returnRegister,
            pointerEncoding: pointerEncoding, hasAugmentationData: !augmentation.isEmpty,
            isSignalFrame: isSignalFrame, program: cursor.rest)
    }

    /// The letters that say what else a common entry holds.
    private func takeAugmentation(_ cursor: inout ByteCursor) throws(Malformed) -> [UInt8] {
        var letters: [UInt8] = []
        while true {
            let letter = try cursor.take(UInt8.self)
            if letter == 0 { return letters }
            guard letters.count < 8 else { throw Malformed() }
            letters.append(letter)
        }
    }

    private func frame(_ cursor: inout ByteCursor, common: CommonEntry) throws(Malformed) -> FrameEntry {
        let start = try cursor.takePointer(common.pointerEncoding)
        let size = try cursor.takeNumber(common.pointerEncoding)
        if common.hasAugmentationData { try cursor.skip(try cursor.takeULEB()) }
        return FrameEntry(common: common, start: start, size: size, program: cursor.rest)
    }
}
