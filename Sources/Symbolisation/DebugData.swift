// SPDX-License-Identifier: Apache-2.0
import CLzma

/// The file inside of a file that has the symbols which were stripped off it, compressed with xz
/// (`.gnu_debugdata`); nil if there is none.
func unpackedDebugData(_ file: FileBytes, _ sections: ElfSections) -> FileBytes? {
    guard let section = sections.first(named: ".gnu_debugdata") else { return nil }
    let contents = file.withBytes(at: section.offset, count: section.size) { packed -> [UInt8]? in
        unsafe packed.withUnsafeBytes { unsafe unpacked($0) }
    }
    return contents?.map { FileBytes(joining: $0) }
}

/// More than any real file has. A small one can claim to unpack to terabytes.
private let unpackedMax = 64 << 20
/// For the dictionary of the highest level of compression.
private let memoryMax: UInt64 = 128 << 20

/// The pointers are liblzma's view of two buffers, both of which it is told the sizes of, and are
/// used for the length of the calls.
private func unpacked(_ packed: UnsafeRawBufferPointer) -> [UInt8]? {
    var stream = unsafe lzma_stream()
    guard unsafe lzma_stream_decoder(&stream, memoryMax, 0) == LZMA_OK else { return nil }
    defer { unsafe lzma_end(&stream) }
    unsafe stream.next_in = packed.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.avail_in = packed.count

    var unpacked: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 18)
    var result = LZMA_OK
    while result == LZMA_OK, unpacked.count <= unpackedMax {
        let count = unsafe part.withUnsafeMutableBufferPointer { part in
            unsafe stream.next_out = part.baseAddress
            unsafe stream.avail_out = part.count
            result = unsafe lzma_code(&stream, LZMA_FINISH)
            return unsafe part.count - stream.avail_out
        }
        unpacked += part[..<count]
    }
    return result == LZMA_STREAM_END ? unpacked : nil
}

/// The CRC-64 of xz, to tell contents apart where nobody gains from making them look the same.
func crc64(of bytes: [UInt8]) -> UInt64 {
    unsafe lzma_crc64(bytes, bytes.count, 0)
}

/// The CRC-32 of zip and of `.gnu_debuglink`.
func crc32(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    unsafe lzma_crc32(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, 0)
}
