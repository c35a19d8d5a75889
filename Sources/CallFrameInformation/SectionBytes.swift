// SPDX-License-Identifier: Apache-2.0

/// Bytes of a file, and the file address of the first of them.
///
/// This file and `RowCache.swift` hold the target's unsafe code. The bytes stay valid as long as
/// their owner, which is kept alive, every access is checked against the bounds, and what is loaded has no
/// invalid bit patterns.
@safe public struct SectionBytes {
    /// File address of the first byte.
    public let address: UInt64
    public let count: Int
    private let start: UnsafeRawPointer?
    private let owner: AnyObject

    /// - Parameter owner: keeps the bytes where they are, and unchanged.
    @unsafe public init(_ bytes: UnsafeRawBufferPointer, address: UInt64, owner: AnyObject) {
        self.address = address
        count = bytes.count
        unsafe start = bytes.baseAddress
        self.owner = owner
    }

    /// A copy of bytes.
    public init(_ bytes: [UInt8], address: UInt64) {
        let copy = ByteCopy(bytes)
        unsafe self.init(UnsafeRawBufferPointer(copy.bytes), address: address, owner: copy)
    }

    /// The value at an offset; nil if it does not lie in the bytes as a whole.
    func load<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value? {
        guard let start = unsafe start, offset >= 0, count >= MemoryLayout<Value>.size,
            offset <= count - MemoryLayout<Value>.size
        else { return nil }
        return unsafe start.loadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The offset of a file address; nil if it is not one of these bytes.
    func offset(of address: UInt64) -> Int? {
        let offset = address &- self.address
        return offset < UInt64(count) ? Int(offset) : nil
    }
}

/// Owns a copy of bytes.
@safe private final class ByteCopy {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ source: [UInt8]) {
        unsafe bytes = .allocate(byteCount: source.count, alignment: 8)
        unsafe bytes.copyBytes(from: source)
    }

    deinit { unsafe bytes.deallocate() }
}
