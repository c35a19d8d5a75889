// SPDX-License-Identifier: Apache-2.0
import CZlib

/// The bytes as a gzip file; nil if there is no memory for it.
///
/// This file holds all unsafe code of the target: zlib takes pointers, which here point into
/// buffers that outlive each call, and lengths, which are those of the buffers.
func gzipped(_ bytes: [UInt8]) -> [UInt8]? {
    // 15 bits of window, and 16 for a gzip header.
    let (windowBits, memoryLevel): (Int32, Int32) = (15 + 16, 8)
    var stream = unsafe z_stream()
    guard
        unsafe deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { unsafe deflateEnd(&stream) }

    var compressed: [UInt8] = []
    var input = bytes
    var room = [UInt8](repeating: 0, count: 64 << 10)
    let inputSize = input.count
    unsafe input.withUnsafeMutableBufferPointer { input in
        var given = 0
        var status = Z_OK
        while status == Z_OK {
            if unsafe stream.avail_in == 0, given < inputSize {
                let part = min(inputSize - given, 1 << 30)
                unsafe stream.next_in = input.baseAddress! + given
                unsafe stream.avail_in = UInt32(part)
                given += part
            }
            let isLast = given == inputSize
            unsafe room.withUnsafeMutableBufferPointer { room in
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = UInt32(room.count)
                status = unsafe deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            }
            unsafe compressed.append(contentsOf: room.prefix(room.count - Int(stream.avail_out)))
        }
    }
    return compressed
}
