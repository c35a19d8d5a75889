// SPDX-License-Identifier: Apache-2.0

/// Writes a message of protocol buffers field by field: as much of the encoding as a profile needs.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case lengthDelimited = 2
    }

    /// A field of an integer; 0 is what it is without the field.
    mutating func write(_ field: UInt64, _ number: UInt64) {
        guard number != 0 else { return }
        write(tag: field, .varint)
        write(varint: number)
    }

    mutating func write(_ field: UInt64, _ flag: Bool) {
        write(field, flag ? 1 : 0)
    }

    mutating func write(_ field: UInt64, _ string: String) {
        write(field, lengthDelimited: Array(string.utf8))
    }

    /// A field of many integers, packed.
    mutating func write(_ field: UInt64, _ numbers: [UInt64]) {
        var packed = ProtobufWriter()
        for number in numbers { packed.write(varint: number) }
        write(field, lengthDelimited: packed.bytes)
    }

    /// A field of another message.
    mutating func write(_ field: UInt64, _ message: (inout ProtobufWriter) -> Void) {
        var writer = ProtobufWriter()
        message(&writer)
        write(field, lengthDelimited: writer.bytes)
    }

    private mutating func write(_ field: UInt64, lengthDelimited contents: [UInt8]) {
        write(tag: field, .lengthDelimited)
        write(varint: UInt64(contents.count))
        bytes += contents
    }

    private mutating func write(tag field: UInt64, _ type: WireType) {
        write(varint: field << 3 | type.rawValue)
    }

    private mutating func write(varint number: UInt64) {
        var rest = number
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
