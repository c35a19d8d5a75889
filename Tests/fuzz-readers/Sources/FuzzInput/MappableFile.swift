// SPDX-License-Identifier: Apache-2.0
import Glibc
import Symbolisation

/// A file as a mapping of a process names it.
public struct MappableFile: ~Copyable {
    public let path: [UInt8]
    public let identity: FileIdentity
    private let descriptor: CInt

    /// One that is only in memory, with a path all the same: readers of files need no other way in.
    public init(contents: ArraySlice<UInt8>) {
        let descriptor = unsafe memoryFile("fuzz", 0)
        precondition(descriptor >= 0, "memfd_create: errno \(errno)")
        let written = unsafe contents.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        precondition(written == contents.count, "write: errno \(errno)")
        self.init(descriptor)
    }

    /// One that is there; it must be.
    public init(path: String) {
        let descriptor = unsafe open(path, O_RDONLY)
        precondition(descriptor >= 0, "\(path): errno \(errno)")
        self.init(descriptor)
    }

    private init(_ descriptor: CInt) {
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        precondition(result == 0, "fstat: errno \(errno)")
        self.descriptor = descriptor
        path = Array("/proc/self/fd/\(descriptor)".utf8)
        identity = FileIdentity(
            deviceMajor: major(of: status.st_dev), deviceMinor: minor(of: status.st_dev),
            inode: UInt64(status.st_ino))
    }

    /// It as the code of a process; without a build-id, for which an input would have to guess right.
    public func mapping(at addresses: Range<UInt64>, offset: UInt64) -> FileMapping {
        FileMapping(addresses: addresses, offset: offset, path: path, buildID: [], identity: identity)
    }

    deinit {
        close(descriptor)
    }
}

// The Glibc module leaves these out.

@_silgen_name("memfd_create")
private func memoryFile(_ name: UnsafePointer<CChar>, _ flags: CUnsignedInt) -> CInt

@_silgen_name("gnu_dev_major")
private func major(of device: dev_t) -> CUnsignedInt

@_silgen_name("gnu_dev_minor")
private func minor(of device: dev_t) -> CUnsignedInt
