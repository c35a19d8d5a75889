// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Text on its way to a file, written in large pieces.
///
/// A `TextOutputStream` cannot throw, so an error is kept, and what follows it is not written;
/// ``check()`` and ``finish()`` throw it.
struct Output: TextOutputStream {
    private let file: FileDescriptor
    private var buffer: [UInt8] = []
    private var error: Errno?

    private static let bufferSize = 64 << 10

    init(_ file: FileDescriptor) {
        self.file = file
        buffer.reserveCapacity(Self.bufferSize)
    }

    mutating func write(_ string: String) {
        buffer.append(contentsOf: string.utf8)
        if buffer.count >= Self.bufferSize { flush() }
    }

    /// Throws what went wrong so far.
    func check() throws(Failure) {
        if let error { throw .cannotWrite(error) }
    }

    /// Writes the rest, and has the file system store it: only then a full disk is known.
    mutating func finish() throws(Failure) {
        flush()
        if error == nil, fsync(file.rawValue) < 0 {
            let reason = Errno(rawValue: errno)
            // Terminals and pipes have nothing to store.
            if ![.invalidArgument, .notSupported, .readOnlyFileSystem].contains(reason) { error = reason }
        }
        try check()
    }

    private mutating func flush() {
        var rest = buffer[...]
        while error == nil, !rest.isEmpty {
            do {
                let count = try unsafe rest.withUnsafeBytes { try unsafe file.write($0) }
                rest = rest.dropFirst(count)
            } catch Errno.wouldBlock {
                waitUntilWritable()
            } catch let reason {
                error = reason as? Errno ?? .ioError
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Whoever shares standard output may have made it non-blocking.
    private mutating func waitUntilWritable() {
        do throws(Errno) {
            _ = try poll(file, for: .writable, milliseconds: -1)
        } catch let reason {
            error = reason
        }
    }
}
