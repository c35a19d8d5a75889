// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// JSON, written value by value; commas come by themselves.
///
/// Numbers of 64 bits are strings, because many readers take numbers for floating point: counts and
/// times are decimal, addresses hexadecimal with `0x`.
extension ReportBuffer {
    mutating func object(_ key: String? = nil, _ members: (inout ReportBuffer) -> Void) {
        begin(key)
        write(byte: UInt8(ascii: "{"))
        members(&self)
        write(byte: UInt8(ascii: "}"))
    }

    mutating func array<Element>(
        _ key: String?, _ elements: some Sequence<Element>, _ body: (Element, inout ReportBuffer) -> Void
    ) {
        begin(key)
        write(byte: UInt8(ascii: "["))
        for element in elements { body(element, &self) }
        write(byte: UInt8(ascii: "]"))
    }

    mutating func null(_ key: String) {
        begin(key)
        write("null")
    }

    mutating func flag(_ key: String, _ value: Bool) {
        begin(key)
        write(value ? "true" : "false")
    }

    mutating func number(_ key: String, _ value: some BinaryInteger & UnsignedInteger) {
        begin(key)
        write(decimal: UInt64(truncatingIfNeeded: value))
    }

    mutating func element(_ value: some BinaryInteger) {
        begin(nil)
        if value < 0 { write(byte: UInt8(ascii: "-")) }
        write(decimal: UInt64(value.magnitude))
    }

    mutating func count(_ key: String, _ value: UInt64) {
        begin(key)
        write(byte: UInt8(ascii: "\""))
        write(decimal: value)
        write(byte: UInt8(ascii: "\""))
    }

    mutating func address(_ key: String? = nil, _ value: UInt64) {
        begin(key)
        write("\"0x")
        write(hex: value)
        write(byte: UInt8(ascii: "\""))
    }

    mutating func string(_ key: String? = nil, _ value: String) {
        begin(key)
        write(quoted: value)
    }

    /// A string if the text is UTF-8, otherwise an object with its bytes in base 64.
    mutating func text(_ key: String? = nil, _ value: some Collection<UInt8>) {
        begin(key)
        if let string = String(validating: value, as: UTF8.self) {
            write(quoted: string)
        } else {
            object { $0.base64("base64", value) }
        }
    }

    mutating func text(_ key: String? = nil, _ value: RawText) {
        text(key, value.bytes)
    }

    mutating func hex(_ key: String, _ value: [UInt8]) {
        string(key, hexText(value))
    }

    mutating func base64(_ key: String, _ value: some Collection<UInt8>) {
        begin(key)
        write(byte: UInt8(ascii: "\""))
        write(base64: value)
        write(byte: UInt8(ascii: "\""))
    }

    /// A comma if another value stands before, and the key.
    private mutating func begin(_ key: String?) {
        // Behind a value there is its last quote, digit, letter or bracket.
        let opens: [UInt8] = [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: "\n")]
        if let last = bytes.last, !opens.contains(last) { write(byte: UInt8(ascii: ",")) }
        guard let key else { return }
        write(byte: UInt8(ascii: "\""))
        write(key)
        write("\":")
    }

    private mutating func write(quoted string: String) {
        write(byte: UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                write(byte: UInt8(ascii: "\\"))
                write(byte: byte)
            case 0..<0x20, 0x7f:
                write("\\u")
                write(hex: UInt64(byte), width: 4, padding: UInt8(ascii: "0"))
            default:
                write(byte: byte)
            }
        }
        write(byte: UInt8(ascii: "\""))
    }

    private mutating func write(base64 value: some Collection<UInt8>) {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bits: UInt32 = 0
        var byteCount = 0
        for byte in value {
            bits = bits << 8 | UInt32(byte)
            byteCount += 1
            guard byteCount == 3 else { continue }
            for shift in [18, 12, 6, 0] as [UInt32] { write(byte: digits[Int(bits >> shift & 63)]) }
            (bits, byteCount) = (0, 0)
        }
        guard byteCount > 0 else { return }
        bits <<= UInt32(8 * (3 - byteCount))
        for place in 0..<4 {
            let digit = digits[Int(bits >> UInt32(18 - 6 * place) & 63)]
            write(byte: place <= byteCount ? digit : UInt8(ascii: "="))
        }
    }
}

/// Two lower-case digits for each byte.
func hexText(_ bytes: [UInt8]) -> String {
    var buffer = ReportBuffer()
    for byte in bytes { buffer.write(hex: UInt64(byte), width: 2, padding: UInt8(ascii: "0")) }
    return String(decoding: buffer.bytes, as: UTF8.self)
}
