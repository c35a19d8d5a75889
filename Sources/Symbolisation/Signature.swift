// SPDX-License-Identifier: Apache-2.0

/// A demangled signature, read from its start to its end in search of the function's name.
///
/// It works on bytes: all that matters to it is ASCII.
struct Signature {
    let text: [UInt8]
    var position = 0

    init(_ text: ArraySlice<UInt8>) {
        self.text = Array(text)
    }

    /// The next byte; nil at the end.
    var next: UInt8? { position < text.count ? text[position] : nil }

    func continues(with prefix: StaticString) -> Bool { holds(prefix, at: position) }

    /// Where a part of the text begins; nil if it is not in it.
    func firstPosition(of part: StaticString) -> Int? {
        text.indices.first { holds(part, at: $0) }
    }

    private func holds(_ part: StaticString, at start: Int) -> Bool {
        let count = part.utf8CodeUnitCount
        guard count <= text.count &- start else { return false }
        // A literal's bytes are there for good.
        let bytes = unsafe UnsafeBufferPointer(start: part.utf8Start, count: count)
        for index in 0..<count where unsafe bytes[index] != text[start &+ index] { return false }
        return true
    }

    /// Goes past a prefix if it comes next.
    mutating func skip(_ prefix: StaticString) -> Bool {
        guard continues(with: prefix) else { return false }
        position += prefix.utf8CodeUnitCount
        return true
    }

    /// Takes the next byte.
    mutating func take() -> UInt8 {
        position += 1
        return text[position - 1]
    }

    /// Takes bytes as long as they are some of these.
    mutating func take(while belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while let next, belongs(next) { position += 1 }
        return text[start..<position]
    }

    /// Takes a pair of brackets with all between them, or the rest if they are not closed.
    mutating func takeBrackets() -> ArraySlice<UInt8> {
        let start = position
        let opening = take()
        let closing = Self.closing(opening)
        while let next, next != closing {
            // What looks like a bracket may be an arrow, or an operator in parentheses.
            if next == opening || opening == UInt8(ascii: "<") && Self.isOpening(next) {
                _ = takeBrackets()
            } else if next != UInt8(ascii: "-") || !skip("->") {
                position += 1
            }
        }
        position = min(position + 1, text.count)
        return text[start..<position]
    }

    private static func isOpening(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): true
        default: false
        }
    }

    private static func closing(_ opening: UInt8) -> UInt8 {
        switch opening {
        case UInt8(ascii: "<"): UInt8(ascii: ">")
        case UInt8(ascii: "["): UInt8(ascii: "]")
        case UInt8(ascii: "{"): UInt8(ascii: "}")
        default: UInt8(ascii: ")")
        }
    }
}
