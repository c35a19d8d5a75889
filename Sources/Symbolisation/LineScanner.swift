// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Reads lists of the kernel and of JIT compilers, which have 100,000s of lines, in one pass.
///
/// It holds a pointer, with which it is as fast as C: whoever makes one keeps the text in place for
/// as long. Every access is checked against the text's end.
@safe struct LineScanner {
    private let start: UnsafeRawPointer
    private let end: Int
    /// Of the next byte.
    private(set) var position = 0

    /// Nil if there is no text.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress, unsafe !text.isEmpty else { return nil }
        unsafe self.start = start
        end = text.count
    }

    var isAtEnd: Bool { position >= end }

    /// The byte at a position; 0 behind the end.
    @inline(__always)
    func byte(at position: Int) -> UInt8 {
        // Positions are sums of what was found in the text, and are never negative.
        unsafe position < end ? start.load(fromByteOffset: position, as: UInt8.self) : 0
    }

    @inline(__always)
    mutating func skip(_ byte: UInt8) -> Bool {
        guard self.byte(at: position) == byte, !isAtEnd else { return false }
        position += 1
        return true
    }

    mutating func take() -> UInt8 {
        defer { position = min(position + 1, end) }
        return byte(at: position)
    }

    /// The number at the position; nil if there is none.
    @inline(__always)
    mutating func takeHexadecimal() -> UInt64? {
        var number: UInt64 = 0
        let first = position
        while true {
            let byte = byte(at: position)
            let digit: UInt8
            if byte &- UInt8(ascii: "0") < 10 {
                digit = byte &- UInt8(ascii: "0")
            } else if byte | 0x20 >= UInt8(ascii: "a"), byte | 0x20 <= UInt8(ascii: "f") {
                digit = (byte | 0x20) &- (UInt8(ascii: "a") - 10)
            } else {
                return position > first ? number : nil
            }
            number = number << 4 | UInt64(digit)
            position &+= 1
        }
    }

    /// Goes to the first byte of the next line.
    ///
    /// - Returns: where this one ends.
    @inline(__always)
    mutating func skipLine() -> Int {
        guard position < end else { return end }
        let found = unsafe memchr(start + position, Int32(UInt8(ascii: "\n")), end - position)
        let lineEnd = unsafe found.map { unsafe UnsafeRawPointer($0) - start } ?? end
        position = min(lineEnd + 1, end)
        return lineEnd
    }
}
