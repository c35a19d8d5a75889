// SPDX-License-Identifier: Apache-2.0
import Glibc
import Reports
import SystemPackage

/// A report on its way to a file, written in large pieces.
struct Output {
    var buffer = ReportBuffer()
    private let file: FileDescriptor

    private static let pieceSize = 64 << 10

    init(_ file: FileDescriptor) {
        self.file = file
    }

    /// Writes what is there, if it is worth a system call.
    mutating func drain() throws(Failure) {
        if buffer.bytes.count >= Self.pieceSize { try flush() }
    }

    /// Writes the rest, and has the file system store it: only then a full disk is known.
    mutating func finish() throws(Failure) {
        try flush()
        if fsync(file.rawValue) < 0 {
            let reason = Errno(rawValue: errno)
            // Terminals and pipes have nothing to store.
            guard [.invalidArgument, .notSupported, .readOnlyFileSystem].contains(reason) else {
                throw .cannotWrite(reason)
            }
        }
    }

    private mutating func flush() throws(Failure) {
        var rest = buffer.bytes[...]
        do {
            while !rest.isEmpty {
                do {
                    let count = try unsafe rest.withUnsafeBytes { try unsafe file.write($0) }
                    rest = rest.dropFirst(count)
                } catch Errno.wouldBlock {
                    // Whoever shares standard output may have made it non-blocking.
                    _ = try poll(file, for: .writable, milliseconds: -1)
                }
            }
        } catch {
            throw .cannotWrite(error as? Errno ?? .ioError)
        }
        buffer.removeAll()
    }
}
