// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of a record or of a part of the file one by one, and never past its end.
///
/// This file holds the target's unsafe loads: of integers, which any bits are valid for, and whose
/// bounds are checked before.
struct FieldCursor {
    private let bytes: [UInt8]
    /// Where the next field begins in the bytes.
    private(set) var position: Int
    private var end: Int

    /// - Precondition: the range lies in the bytes.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    init(_ bytes: [UInt8]) {
        self.init(bytes, bytes.indices)
    }

    var isAtEnd: Bool { position == end }
    var count: Int { end - position }

    /// The next integer, in the byte order of the machine.
    mutating func take<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self
    ) throws(PerfRecordFlaw) -> Value {
        let start = position
        try skip(UInt64(MemoryLayout<Value>.size))
        return unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: type)
    }

    mutating func skip(_ count: UInt64) throws(PerfRecordFlaw) {
        guard count <= UInt64(end - position) else { throw .pastEnd }
        position += Int(count)
    }

    /// Skips words of 8 bytes.
    mutating func skip(words count: UInt64) throws(PerfRecordFlaw) {
        guard count <= UInt64(end - position) / 8 else { throw .pastEnd }
        position += Int(count) * 8
    }

    mutating func take(byteCount: UInt64) throws(PerfRecordFlaw) -> ArraySlice<UInt8> {
        let start = position
        try skip(byteCount)
        return bytes[start..<position]
    }

    /// The bytes up to the first NUL among the next ones; all of these are taken.
    mutating func takeText(byteCount: UInt64) throws(PerfRecordFlaw) -> ArraySlice<UInt8> {
        try take(byteCount: byteCount).prefix { $0 != 0 }
    }

    /// Leaves the next bytes to another cursor, which is returned.
    mutating func head(byteCount: UInt64) throws(PerfRecordFlaw) -> FieldCursor {
        let start = position
        try skip(byteCount)
        return FieldCursor(bytes, start..<position)
    }

    /// Leaves the last bytes to another cursor, which is returned.
    mutating func split(last count: Int) throws(PerfRecordFlaw) -> FieldCursor {
        guard count <= end - position else { throw .pastEnd }
        end -= count
        return FieldCursor(bytes, end..<end + count)
    }
}
