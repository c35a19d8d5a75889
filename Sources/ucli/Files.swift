// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

extension FileDescriptor {
    /// A pipe that no program inherits which this one starts.
    static func ownPipe() throws(Failure) -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
        do {
            let ends = try pipe()
            for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
            return ends
        } catch {
            throw .cannotRead("no pipe can be made: \(error)")
        }
    }

    /// Writes all bytes, however many calls that takes.
    func writeWhole(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do {
                let count = try unsafe rest.withUnsafeBytes { try unsafe write($0) }
                rest = rest.dropFirst(count)
            } catch Errno.wouldBlock {
                // Whoever shares standard output may have made it non-blocking.
                _ = try poll(self, for: .writable, milliseconds: -1)
            } catch {
                throw error as? Errno ?? .ioError
            }
        }
    }

    /// Has the file system store what was written; nothing for terminals and pipes. The
    /// corresponding C function is `fsync`.
    func synchronize() throws(Errno) {
        guard fsync(rawValue) < 0 else { return }
        let reason = Errno(rawValue: errno)
        guard [.invalidArgument, .notSupported, .readOnlyFileSystem].contains(reason) else { throw reason }
    }
}

/// Far above what a buffer of the module holds: 4 GiB.
private let fileSizeMax = 4 << 30

/// The contents of a regular file, also of one under /proc, which does not tell its size.
func readFile(_ path: FilePath) throws(Errno) -> [UInt8] {
    do {
        let file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
        return try file.closeAfter {
            let status = try file.stat()
            // Others have no end, or a size that means nothing.
            guard status.type == .regular else {
                throw status.type == .directory ? Errno.isDirectory : .notSupported
            }
            // A file of holes may claim any size.
            guard status.size <= fileSizeMax else { throw Errno.fileTooLarge }
            var contents: [UInt8] = []
            contents.reserveCapacity(Int(status.size))
            var part = [UInt8](repeating: 0, count: 256 << 10)
            while true {
                let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return contents }
                contents += part[..<count]
            }
        }
    } catch {
        throw error as? Errno ?? .ioError
    }
}
