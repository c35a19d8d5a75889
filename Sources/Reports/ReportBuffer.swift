// SPDX-License-Identifier: Apache-2.0

/// The bytes of a report on their way out: reports have hundreds of thousands of lines, so that
/// numbers are written into it digit by digit, without strings in between.
public struct ReportBuffer: TextOutputStream {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ string: String) {
        bytes.append(contentsOf: string.utf8)
    }

    public mutating func write(_ bytes: some Collection<UInt8>) {
        self.bytes.append(contentsOf: bytes)
    }

    public mutating func write(byte: UInt8) {
        bytes.append(byte)
    }

    /// Lower-case digits without a prefix, on the right of at least `width` columns.
    public mutating func write(hex number: UInt64, width: Int = 0, padding: UInt8 = UInt8(ascii: " ")) {
        let digits = max((67 - number.leadingZeroBitCount) / 4, 1)
        for _ in digits..<max(width, digits) { bytes.append(padding) }
        for place in stride(from: (digits - 1) * 4, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(place)) & 15
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }

    /// On the right of at least `width` columns.
    public mutating func write(decimal number: UInt64, width: Int = 0, padding: UInt8 = UInt8(ascii: " ")) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        while bytes.count - start < width { bytes.append(padding) }
        bytes[start...].reverse()
    }

    /// Makes room for more, once the bytes are written out.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }
}
