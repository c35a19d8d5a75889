// SPDX-License-Identifier: Apache-2.0

/// What the module can compare: an integer or a real number of 1, 2, 4 or 8 bytes.
public struct ScalarType: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        case signed
        case unsigned
        case real
    }

    public let kind: Kind
    public let byteCount: Int

    /// Nil for a size that no machine word has.
    public init?(_ kind: Kind, byteCount: Int) {
        guard kind == .real ? [4, 8].contains(byteCount) : [1, 2, 4, 8].contains(byteCount) else {
            return nil
        }
        self.kind = kind
        self.byteCount = byteCount
    }

    /// By its ``description``.
    public init?(_ name: String) {
        guard let type = Self.all.first(where: { $0.description == name }) else { return nil }
        self = type
    }

    /// Those of all kinds and sizes.
    public static let all: [ScalarType] = [Kind.signed, .unsigned, .real].flatMap { kind in
        [1, 2, 4, 8].compactMap { ScalarType(kind, byteCount: $0) }
    }

    public var description: String {
        switch kind {
        case .signed: "int\(byteCount * 8)"
        case .unsigned: "uint\(byteCount * 8)"
        case .real: byteCount == 4 ? "float" : "double"
        }
    }

    /// The least and the greatest integer; nil for reals.
    public var range: (least: Int64, greatest: UInt64)? {
        let bits = byteCount * 8
        return switch kind {
        case .signed: (Int64.min >> (64 - bits), UInt64(Int64.max >> (64 - bits)))
        case .unsigned: (0, UInt64.max >> (64 - bits))
        case .real: nil
        }
    }

    /// A number as the module takes it: an integer in two's complement of 64 bits, a real as its bits. Nil
    /// if the text is no number, or one that the type does not have.
    ///
    /// Integers may be hexadecimal (`0xff`).
    public func bits(of text: String) -> UInt64? {
        guard let range else {
            guard let value = Double(text), !value.isNaN else { return nil }
            guard byteCount == 4 else { return value.bitPattern }
            let single = Float(value)
            // What is no infinity is not to become one.
            return single.isFinite == value.isFinite ? UInt64(single.bitPattern) : nil
        }
        guard let number = Self.integer(text) else { return nil }
        if number.isNegative {
            let lowest = UInt64(bitPattern: range.least)
            return range.least < 0 && number.magnitude <= 0 &- lowest ? 0 &- number.magnitude : nil
        }
        return number.magnitude <= range.greatest ? number.magnitude : nil
    }

    /// Sign and magnitude; zero has no sign.
    private static func integer(_ text: String) -> (isNegative: Bool, magnitude: UInt64)? {
        let isNegative = text.hasPrefix("-")
        let digits = text.dropFirst(isNegative || text.hasPrefix("+") ? 1 : 0)
        let isHexadecimal = digits.hasPrefix("0x") || digits.hasPrefix("0X")
        // UInt64() takes a sign, too.
        let rest = isHexadecimal ? digits.dropFirst(2) : digits
        guard let first = rest.first, first != "+", first != "-",
            let magnitude = UInt64(rest, radix: isHexadecimal ? 16 : 10)
        else { return nil }
        return (isNegative && magnitude > 0, magnitude)
    }

    /// A value that was read from memory, in its low bytes, for a person.
    public func text(ofBits bits: UInt64) -> String {
        let shift = UInt64(64 - byteCount * 8)
        switch kind {
        case .signed: return "\(Int64(bitPattern: bits << shift) >> Int64(shift))"
        case .unsigned: return "\((bits << shift) >> shift)"
        case .real where byteCount == 4: return "\(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))"
        case .real: return "\(Double(bitPattern: bits))"
        }
    }
}
