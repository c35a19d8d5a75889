// SPDX-License-Identifier: Apache-2.0

/// Call-frame information that breaks its own rules, or uses what no compiler for this machine does.
struct Malformed: Error {}

/// Reads bytes from one offset to another, and never past it.
struct ByteCursor {
    let bytes: SectionBytes
    private(set) var offset: Int
    let end: Int

    /// - Parameter range: offsets of the first byte and behind the last one.
    init(_ bytes: SectionBytes, _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = min(range.upperBound, bytes.count)
    }

    var isAtEnd: Bool { offset >= end }

    /// File address of the next byte.
    var address: UInt64 { bytes.address &+ UInt64(offset) }

    /// What has not been read.
    var rest: Range<Int> { min(offset, end)..<end }

    mutating func take<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type
    ) throws(Malformed) -> Value {
        guard end - offset >= MemoryLayout<Value>.size, let value = bytes.load(at: offset, as: type) else {
            throw Malformed()
        }
        offset += MemoryLayout<Value>.size
        return value
    }

    /// Goes past bytes; their offsets.
    @discardableResult
    mutating func skip(_ count: UInt64) throws(Malformed) -> Range<Int> {
        guard offset <= end, count <= UInt64(end - offset) else { throw Malformed() }
        defer { offset += Int(count) }
        return offset..<offset + Int(count)
    }

    /// Goes on at another offset of the same range.
    mutating func jump(by distance: Int16) throws(Malformed) {
        offset += Int(distance)
        guard offset >= 0, offset <= end else { throw Malformed() }
    }

    /// An unsigned number of 7 bits a byte (ULEB128); bits above the 64th are lost.
    mutating func takeULEB() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try take(UInt8.self)
            if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
            shift += 7
            if byte & 0x80 == 0 { return value }
        }
    }

    /// A signed number of 7 bits a byte (SLEB128).
    mutating func takeSLEB() throws(Malformed) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try take(UInt8.self)
            if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
            shift += 7
            if byte & 0x80 == 0 {
                if shift < 64, byte & 0x40 != 0 { value |= ~0 << shift }
                return Int64(bitPattern: value)
            }
        }
    }

    /// A pointer in one of the encodings of the exception-handling sections (`DW_EH_PE_…`).
    ///
    /// - Parameter dataBase: what data-relative ones are relative to.
    mutating func takePointer(_ encoding: UInt8, dataBase: UInt64 = 0) throws(Malformed) -> UInt64 {
        let base: UInt64 =
            switch encoding & 0x70 {
            case 0x00: 0
            case 0x10: address
            case 0x30: dataBase
            default: throw Malformed()
            }
        return base &+ (try takeNumber(encoding))
    }

    /// The number of such a pointer, relative to nothing.
    mutating func takeNumber(_ encoding: UInt8) throws(Malformed) -> UInt64 {
        switch encoding & 0x0f {
        case 0x00, 0x04, 0x0c: try take(UInt64.self)
        case 0x01: try takeULEB()
        case 0x02: UInt64(try take(UInt16.self))
        case 0x03: UInt64(try take(UInt32.self))
        case 0x09: UInt64(bitPattern: try takeSLEB())
        case 0x0a: UInt64(bitPattern: Int64(try take(Int16.self)))
        case 0x0b: UInt64(bitPattern: Int64(try take(Int32.self)))
        default: throw Malformed()
        }
    }
}
