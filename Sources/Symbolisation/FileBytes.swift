// SPDX-License-Identifier: Apache-2.0
import CElf
import CFileMapping
import Glibc
import SystemPackage

/// The bytes of a file, mapped and not copied: big programs are read only where it matters. Few names out of many
/// alone are read as others read files; see ``readString(at:limit:)``.
///
/// This file holds the target's raw pointers to files. They stay valid as long as the object,
/// every access is checked against the bounds, and what is loaded has no invalid bit patterns.
/// Where a file is cut short while it is mapped, zeros are read (see file_mapping.h).
@safe public final class FileBytes {
    private let start: UnsafeRawPointer
    private let origin: Origin
    /// That of a big file, which stays open; see ``readString(at:limit:)``.
    private let descriptor: FileDescriptor?
    public let count: Int
    /// The file; nil if it is the vdso, or was unpacked from another.
    public let identity: FileIdentity?
    /// The user to whom it belongs; nil as above.
    let owner: UInt32?

    private enum Origin { case mapping, allocation, vdso }

    private static let bigMin = 16 << 20
    /// A process may have a thousand files open, and other things need some. This is the number of the first that
    /// does not stay open.
    private static let openMax = 256
    /// Most names are shorter.
    private static let readSize = 256

    /// Maps a regular file; nil if it cannot be opened, or is anything else.
    ///
    /// - Parameter root: the folder that is `/` for the path and for links on its way; empty for this
    ///   process's own.
    init?(path: [UInt8], root: [UInt8] = []) {
        guard path.first == UInt8(ascii: "/"), !path.contains(0), !root.contains(0) else { return nil }
        let descriptor = unsafe (path + [0]).withCString { path in
            if root.isEmpty { return unsafe file_open_regular(nil, path) }
            return unsafe (root + [0]).withCString { unsafe file_open_regular($0, path) }
        }
        guard descriptor >= 0 else { return nil }
        let file = FileDescriptor(rawValue: descriptor)
        var staysOpen = false
        defer { if !staysOpen { try? file.close() } }
        guard let status = try? file.stat(), status.size > 0,
            let mapping = unsafe file_mapping_create(file.rawValue, Int(status.size))
        else { return nil }
        unsafe start = UnsafeRawPointer(mapping)
        staysOpen = status.size >= Self.bigMin && file.rawValue < Self.openMax
        self.descriptor = staysOpen ? file : nil
        origin = .mapping
        count = Int(status.size)
        identity = FileIdentity(status, file)
        owner = status.userID.rawValue
    }

    /// The code that the kernel maps into every process, as this process has it.
    init?(vdsoOfThisProcess: Void) {
        guard let start = unsafe UnsafeRawPointer(bitPattern: getauxval(UInt(AT_SYSINFO_EHDR))) else {
            return nil
        }
        // The section headers are its last part.
        let header = unsafe start.loadUnaligned(as: Elf64_Ehdr.self)
        unsafe self.start = start
        descriptor = nil
        origin = .vdso
        count = Int(header.e_shoff) + Int(header.e_shnum) * Int(header.e_shentsize)
        identity = nil
        owner = nil
    }

    /// A copy of values in memory, as a file would have them one behind the other.
    init<each Value: BitwiseCopyable>(joining parts: repeat [each Value]) {
        var size = 0
        for part in repeat each parts { size += part.count * Self.stride(of: part) }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        var end = 0
        for part in repeat each parts {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: copy[end...])
            unsafe part.withUnsafeBytes { unsafe rest.copyMemory(from: $0) }
            end += part.count * Self.stride(of: part)
        }
        // An allocation has a first byte.
        unsafe start = UnsafeRawPointer(copy.baseAddress!)
        descriptor = nil
        origin = .allocation
        count = size
        identity = nil
        owner = nil
    }

    private static func stride<Value>(of values: [Value]) -> Int { MemoryLayout<Value>.stride }

    deinit {
        try? descriptor?.close()
        let start = unsafe UnsafeMutableRawPointer(mutating: start)
        switch origin {
        case .mapping: unsafe file_mapping_destroy(start, count)
        case .allocation: unsafe start.deallocate()
        case .vdso: break
        }
    }

    /// The value at an offset; nil if it does not lie in the file as a whole.
    func load<Value: BitwiseCopyable>(at offset: UInt64, as type: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard count >= size, offset <= UInt64(count - size) else { return nil }
        return unsafe start.loadUnaligned(fromByteOffset: Int(offset), as: type)
    }

    /// The 8 bytes at an offset, with zeros behind the end of the file, as its last page has them.
    func word(at offset: UInt64) -> UInt64? {
        if let word = load(at: offset, as: UInt64.self) { return word }
        guard offset < UInt64(count) else { return nil }
        return (offset..<UInt64(count)).reversed().reduce(0) { word, offset in
            word << 8 | UInt64(load(at: offset, as: UInt8.self) ?? 0)
        }
    }

    /// Calls `body` with a part of the file; nil if it does not lie in it as a whole.
    func withBytes<Result>(
        at offset: UInt64, count size: UInt64, _ body: (RawSpan) throws -> Result
    ) rethrows -> Result? {
        guard size <= UInt64(count), offset <= UInt64(count) - size else { return nil }
        let part = unsafe UnsafeRawBufferPointer(start: start + Int(offset), count: Int(size))
        return try body(unsafe part.bytes)
    }

    /// The bytes at an offset up to the next NUL, without it; nil if there is none within the limit.
    func string(at offset: UInt64, limit: Int) -> [UInt8]? {
        guard offset < UInt64(count) else { return nil }
        let first = unsafe start + Int(offset)
        let size = min(limit, count - Int(offset))
        guard let end = unsafe memchr(first, 0, size) else { return nil }
        return unsafe Array(UnsafeRawBufferPointer(start: first, count: UnsafeRawPointer(end) - first))
    }

    /// The same as ``string(at:limit:)``, for a few strings that lie anywhere in many megabytes.
    ///
    /// To bring a page into memory takes longer than to read one of them: the kernel brings its neighbours too, and
    /// all have to be given back. For many strings it is the other way round.
    func readString(at offset: UInt64, limit: Int) -> [UInt8]? {
        guard let descriptor, offset < UInt64(count),
            let short = Self.string(descriptor, at: offset, limit: min(limit, Self.readSize))
        else { return string(at: offset, limit: limit) }
        return short
    }

    private static func string(_ file: FileDescriptor, at offset: UInt64, limit: Int) -> [UInt8]? {
        unsafe withUnsafeTemporaryAllocation(byteCount: limit, alignment: 1) { buffer in
            guard let count = try? unsafe file.read(fromAbsoluteOffset: Int64(offset), into: buffer),
                let end = unsafe buffer.prefix(count).firstIndex(of: 0)
            else { return nil }
            return unsafe Array(buffer.prefix(end))
        }
    }

    /// All bytes, for libelf and libdw; which may write to their own copy of pages.
    public func withBytes<Result>(_ body: (UnsafeMutablePointer<CChar>, Int) -> Result) -> Result {
        let bytes = unsafe UnsafeMutableRawPointer(mutating: start)
        return unsafe body(bytes.assumingMemoryBound(to: CChar.self), count)
    }
}

extension [UInt8] {
    /// Calls `body` with bytes that end in NUL as C has them.
    fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}

/// Which file it is, where its contents do not tell.
public struct FileIdentity: Hashable, Sendable {
    public let deviceMajor: UInt32
    public let deviceMinor: UInt32
    public let inode: UInt64
    /// Whether mappings of the file show these numbers. On btrfs they show those of the whole file
    /// system, on overlayfs those of the file underneath, if the kernel is an older one.
    let isShownByMappings: Bool

    public init(deviceMajor: UInt32, deviceMinor: UInt32, inode: UInt64) {
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.inode = inode
        isShownByMappings = true
    }

    func hasNumbers(of other: FileIdentity) -> Bool {
        (deviceMajor, deviceMinor, inode) == (other.deviceMajor, other.deviceMinor, other.inode)
    }

    init(_ status: Stat, _ file: FileDescriptor) {
        deviceMajor = gnu_dev_major(status.deviceID.rawValue)
        deviceMinor = gnu_dev_minor(status.deviceID.rawValue)
        inode = UInt64(status.inode.rawValue)
        var system = statfs()
        let overlayfs = 0x794c_7630
        let btrfs = 0x9123_683e
        let isKnown = unsafe fstatfs(file.rawValue, &system) == 0
        isShownByMappings = isKnown && system.f_type != overlayfs && system.f_type != btrfs
    }
}
