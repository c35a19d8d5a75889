// SPDX-License-Identifier: Apache-2.0
import CZlib

/// zlib's compression of text as a whole.
///
/// The pointers are those of arrays, are passed with their counts, and are not kept by zlib.
enum Zlib {
    /// Far more than any kernel has of symbols.
    private static let sizeMax: UInt64 = 256 << 20
    /// zlib never makes more out of a byte.
    private static let ratioMax: UInt64 = 1032

    /// Nil only without memory for it.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        var count = compressBound(UInt(bytes.count))
        let result = unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            let status = unsafe compress2(
                buffer.baseAddress, &count, bytes, UInt(bytes.count), Z_BEST_SPEED)
            filled = status == Z_OK ? Int(count) : 0
        }
        return result.isEmpty ? nil : result
    }

    /// Nil if the bytes are not what was compressed from as many.
    static func decompressed(_ bytes: ArraySlice<UInt8>, count: UInt64) -> [UInt8]? {
        // A false count must not ask for memory that nothing fills.
        guard count <= sizeMax, count <= UInt64(bytes.count) * ratioMax else { return nil }
        var isWhole = false
        let result = unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            var size = UInt(count)
            let status = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe uncompress(buffer.baseAddress, &size, source.baseAddress, UInt(source.count))
            }
            isWhole = status == Z_OK && size == UInt(count)
            filled = isWhole ? Int(count) : 0
        }
        return isWhole ? result : nil
    }
}
