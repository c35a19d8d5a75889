// SPDX-License-Identifier: Apache-2.0

/// A name of Rust's older mangling: one of C++ of which the last part is `h` and 16 digits, with signs
/// that C++ names cannot have spelt out between dollars.
enum LegacyRustName {
    /// The text for a symbol, without the digits, which tell nothing; nil if it is not of this kind.
    static func demangled(_ symbol: [UInt8]) -> [UInt8]? {
        guard symbol.starts(with: "_ZN".utf8), mayHoldHash(symbol) else { return nil }
        var rest = symbol.dropFirst(3)
        var parts: [ArraySlice<UInt8>] = []
        while let first = rest.first, first != UInt8(ascii: "E") {
            var length = 0
            while let digit = rest.first.map({ $0 &- 0x30 }), digit < 10, length <= symbol.count {
                length = length * 10 + Int(digit)
                rest.removeFirst()
            }
            guard length > 0, length <= rest.count else { return nil }
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        guard rest.first == UInt8(ascii: "E"), let hash = parts.popLast(), !parts.isEmpty, isHash(hash) else {
            return nil
        }
        return Array(parts.map(decoded).joined(separator: "::".utf8))
    }

    /// False for nearly all names of C++, which begin in the same way.
    private static func mayHoldHash(_ symbol: [UInt8]) -> Bool {
        symbol.indices.dropLast(2).contains {
            symbol[$0] == UInt8(ascii: "1") && symbol[$0 + 1] == UInt8(ascii: "7")
                && symbol[$0 + 2] == UInt8(ascii: "h")
        }
    }

    private static func isHash(_ part: ArraySlice<UInt8>) -> Bool {
        part.count == 17 && part.first == UInt8(ascii: "h")
            && part.dropFirst().allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    private static let signs = [
        "SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ",",
    ]

    private static func decoded(_ part: ArraySlice<UInt8>) -> [UInt8] {
        // A part may not begin with a dollar.
        var rest = part.starts(with: "_$".utf8) ? part.dropFirst() : part
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "."), rest.first == byte {
                rest.removeFirst()
                text += "::".utf8
            } else if byte == UInt8(ascii: "$"), let end = rest.firstIndex(of: byte),
                let sign = sign(rest[..<end])
            {
                text += sign.utf8
                rest = rest[(end + 1)...]
            } else {
                text.append(byte)
            }
        }
        return text
    }

    private static func sign(_ code: ArraySlice<UInt8>) -> String? {
        let code = String(decoding: code, as: UTF8.self)
        if let sign = signs[code] { return sign }
        guard code.hasPrefix("u"), let value = UInt32(code.dropFirst(), radix: 16) else { return nil }
        return UnicodeScalar(value).map { String(Character($0)) }
    }
}
