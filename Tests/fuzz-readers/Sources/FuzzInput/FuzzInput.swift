// SPDX-License-Identifier: Apache-2.0

/// The bytes that libFuzzer made up, read from their start to their end.
///
/// Behind the end come zeros, so that every input means something.
public struct FuzzInput {
    public private(set) var rest: ArraySlice<UInt8>

    public init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// The next integer, in the byte order of the machine.
    public mutating func take<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value {
        take(count: MemoryLayout<Value>.size).reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    /// The next bytes, as many as there are.
    public mutating func take(count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// Runs a fuzzer's body on what libFuzzer passes to `LLVMFuzzerTestOneInput`.
///
/// The pointer is only used here, and the array that the body gets is a copy.
///
/// - Returns: what libFuzzer wants to hear: 0, "keep the input if it is of use".
public func runFuzzer(_ start: UnsafePointer<UInt8>?, _ count: Int, _ body: ([UInt8]) -> Void) -> CInt {
    body(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
