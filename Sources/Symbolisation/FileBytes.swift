// SPDX-License-Identifier: Apache-2.0
import CElf
import Glibc
import SystemPackage

/// The bytes of a file, mapped and not copied: big programs are read only where it matters.
///
/// This file holds the target's raw pointers to files. They stay valid as long as the object,
/// every access is checked against the bounds, and what is loaded has no invalid bit patterns.
/// A file that is cut short while it is mapped still ends the program with SIGBUS.
@safe final class FileBytes {
    private let start: UnsafeRawPointer
    private let isMapping: Bool
    public let count: Int
    /// The file; nil if it is the vdso.
    public let identity: FileIdentity?

    /// Maps a regular file; nil if it cannot be opened, or is anything else.
    init?(path: [UInt8]) {
        let path = FilePath(platformString: path.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0])
        // Opening a device may do things, opening a FIFO may wait.
        guard path.isAbsolute, (try? path.stat())?.type == .regular,
            let file = try? FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
        else { return nil }
        defer { try? file.close() }

        guard let status = try? file.stat(), status.type == .regular, status.size > 0,
            let mapping = unsafe mmap(nil, Int(status.size), PROT_READ, MAP_PRIVATE, file.rawValue, 0),
            unsafe mapping != MAP_FAILED
        else { return nil }
        unsafe start = UnsafeRawPointer(mapping)
        isMapping = true
        count = Int(status.size)
        identity = FileIdentity(status, file)
    }

    /// The code that the kernel maps into every process, as this process has it.
    init?(vdsoOfThisProcess: Void) {
        guard let start = unsafe UnsafeRawPointer(bitPattern: getauxval(UInt(AT_SYSINFO_EHDR))) else {
            return nil
        }
        // The section headers are its last part.
        let header = unsafe start.loadUnaligned(as: Elf64_Ehdr.self)
        unsafe self.start = start
        isMapping = false
        count = Int(header.e_shoff) + Int(header.e_shnum) * Int(header.e_shentsize)
        identity = nil
    }

    deinit {
        if isMapping {
            unsafe munmap(UnsafeMutableRawPointer(mutating: start), count)
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

    /// All bytes, for libelf; they must not be written to.
    func withBytes<Result>(_ body: (UnsafeMutablePointer<CChar>, Int) -> Result) -> Result {
        let bytes = unsafe UnsafeMutableRawPointer(mutating: start)
        return unsafe body(bytes.assumingMemoryBound(to: CChar.self), count)
    }
}

/// Which file it is, where its contents do not tell.
public struct FileIdentity: Hashable, Sendable {
    public let deviceMajor: UInt32
    public let deviceMinor: UInt32
    public let inode: UInt64
    /// Whether mappings of the file show these numbers. On overlayfs they show those of the
    /// file underneath, on btrfs those of the whole file system.
    let isShownByMappings: Bool

    public init(deviceMajor: UInt32, deviceMinor: UInt32, inode: UInt64) {
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.inode = inode
        isShownByMappings = true
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
