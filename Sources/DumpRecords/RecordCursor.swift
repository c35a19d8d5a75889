// SPDX-License-Identifier: Apache-2.0

/// Reads a record's parts from its start to its end, and never past it.
///
/// This file holds all unsafe code of the target. Both uses turn bytes into values of types
/// without pointers, for which any bit pattern is valid, and both are checked against the
/// bounds of the bytes: `RawSpan` traps past its end, and ``take(_:)`` throws before that.
struct RecordCursor {
    /// What is still to be read; its indices are offsets in the whole input.
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next value of a C struct or integer, in the byte order of the machine.
    mutating func take<Value: BitwiseCopyable>(_ type: Value.Type) throws(Damage.Reason) -> Value {
        let bytes = try take(byteCount: MemoryLayout<Value>.size)
        return unsafe bytes.span.bytes.unsafeLoadUnaligned(as: type)
    }

    /// The next bytes.
    mutating func take(byteCount: Int) throws(Damage.Reason) -> ArraySlice<UInt8> {
        guard byteCount <= rest.count else { throw .pastEnd }
        defer { rest = rest.dropFirst(byteCount) }
        return rest.prefix(byteCount)
    }

    /// The next bytes, and behind them those that pad them to a multiple of 8.
    mutating func take(paddedByteCount count: Int) throws(Damage.Reason) -> ArraySlice<UInt8> {
        try take(byteCount: (count + 7) & ~7).prefix(count)
    }
}

/// The bytes of a C array, which Swift imports as a tuple.
func bytes<Elements: BitwiseCopyable>(ofFixed array: Elements) -> [UInt8] {
    unsafe withUnsafeBytes(of: array) { unsafe Array($0) }
}
