// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// A file that is read piece by piece, at any place.
final class InputFile {
    private let file: FileDescriptor
    let size: UInt64

    init(_ path: FilePath) throws(PerfDataError) {
        do {
            // Opening a FIFO would wait for who writes to it.
            file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw .cannotRead(error as? Errno ?? .ioError)
        }
        do {
            let end = try file.seek(offset: 0, from: .end)
            size = UInt64(max(end, 0))
        } catch {
            try? file.close()
            let reason = error as? Errno ?? .ioError
            throw reason == .illegalSeek ? .notSeekable : .cannotRead(reason)
        }
    }

    deinit {
        try? file.close()
    }

    /// The bytes of a range, fewer where the file ends.
    func read(at offset: UInt64, count: Int) throws(PerfDataError) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe filled = fill(UnsafeMutableRawBufferPointer(buffer), at: offset, &failure)
        }
        if let failure { throw .cannotRead(failure) }
        return bytes
    }

    /// Fills the beginning of a buffer that is there, which must have the room; how many bytes of it.
    func read(into bytes: inout [UInt8], at offset: UInt64, count wanted: Int) throws(PerfDataError) -> Int {
        var failure: Errno?
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe fill(.init(rebasing: buffer[..<wanted]), at: offset, &failure)
        }
        if let failure { throw .cannotRead(failure) }
        return count
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, _ failure: inout Errno?
    ) -> Int {
        var filled = 0
        while filled < buffer.count, let place = Int64(exactly: offset), offset < size {
            do {
                let count = try unsafe file.read(
                    fromAbsoluteOffset: place + Int64(filled), into: .init(rebasing: buffer[filled...]))
                if count == 0 { break }
                filled += count
            } catch {
                failure = error as? Errno ?? .ioError
                break
            }
        }
        return filled
    }
}
