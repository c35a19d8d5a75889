// SPDX-License-Identifier: Apache-2.0

/// Names with letters outside of ASCII, as Rust writes them (RFC 3492, with `_` for `-`).
enum Punycode {
    /// The name as UTF-8; as it stands if it is damaged.
    static func decoded(_ name: [UInt8]) -> [UInt8] {
        let split = name.lastIndex(of: UInt8(ascii: "_"))
        var scalars = name[..<(split ?? 0)].map { UnicodeScalar($0) }
        var rest = name[(split.map { $0 + 1 } ?? 0)...]
        var scalar: UInt32 = 128
        var index: UInt32 = 0
        var bias: UInt32 = 72
        while !rest.isEmpty {
            guard let step = takeNumber(&rest, bias: bias) else { return name }
            let count = UInt32(scalars.count + 1)
            let (next, overflow) = index.addingReportingOverflow(step)
            guard !overflow, case (let value, let tooHigh) = scalar.addingReportingOverflow(next / count),
                !tooHigh,
                let inserted = UnicodeScalar(value)
            else { return name }
            bias = adapted(step, count: count, isFirst: scalars.count == (split ?? 0))
            scalar = value
            index = next % count
            scalars.insert(inserted, at: Int(index))
            index += 1
        }
        return scalars.flatMap { Array($0.utf8) }
    }

    /// The digits are of a base that changes from one to the next.
    private static func takeNumber(_ digits: inout ArraySlice<UInt8>, bias: UInt32) -> UInt32? {
        var number: UInt32 = 0
        var weight: UInt32 = 1
        var position: UInt32 = 36
        while let byte = digits.popFirst() {
            let digit: UInt32
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(byte - UInt8(ascii: "a"))
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte - UInt8(ascii: "0")) + 26
            default: return nil
            }
            let (part, tooLarge) = digit.multipliedReportingOverflow(by: weight)
            let (sum, overflow) = number.addingReportingOverflow(part)
            guard !tooLarge, !overflow else { return nil }
            number = sum
            let threshold = position <= bias ? 1 : min(position - bias, 26)
            if digit < threshold { return number }
            let (next, weightOverflow) = weight.multipliedReportingOverflow(by: 36 - threshold)
            guard !weightOverflow else { return nil }
            weight = next
            position += 36
        }
        return nil
    }

    private static func adapted(_ step: UInt32, count: UInt32, isFirst: Bool) -> UInt32 {
        var delta = isFirst ? step / 700 : step / 2
        delta += delta / count
        var bias: UInt32 = 0
        while delta > 455 {
            delta /= 35
            bias += 36
        }
        return bias + 36 * delta / (delta + 38)
    }
}
