// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Tells which kernel a list of symbols is of, and when it changes: a boot, the modules, and whether the
/// reader may see addresses.
struct KernelSymbolKey: BitwiseCopyable, Equatable {
    private var boot: UInt64 = 0
    private var modules: UInt64 = 0
    /// Of the list's first lines, which show whether addresses are visible.
    private var firstLines: UInt64 = 0

    init() {}

    /// That of the kernel that runs; nil if it does not tell.
    ///
    /// - Parameter modules: the contents of `/proc/modules`.
    init?(modules: [UInt8]) {
        guard let boot = try? contents(of: "/proc/sys/kernel/random/boot_id", limit: 64), boot.count > 32,
            let firstLines = try? contents(of: "/proc/kallsyms", limit: 4096)
        else { return nil }
        self.boot = crc64(of: boot)
        self.firstLines = crc64(of: firstLines)
        // How often a module is in use changes all the time.
        self.modules = crc64(
            of: LoadedModule.all(in: modules).flatMap { Array("\($0.address) \($0.size) ".utf8) + $0.name })
    }
}

/// The folder that a variable of the environment names; nil if it is no absolute path.
func environmentFolder(_ name: String) -> String? {
    let value = unsafe getenv(name).map { unsafe String(cString: $0) }
    return value.flatMap { $0.hasPrefix("/") ? $0 : nil }
}

/// Where an image of the kernel's symbols is kept between runs.
///
/// Whatever goes wrong with it, the symbols are read from the kernel.
struct KernelSymbolCache {
    /// Made if it is not there, for its owner alone.
    let folder: String

    private var file: String { "\(folder)/kernel-symbols" }

    /// In the user's folder for such things (`$XDG_CACHE_HOME`, or `~/.cache`); nil if there is none.
    static func ofUser() -> KernelSymbolCache? {
        let home = environmentFolder("HOME")
        guard let caches = environmentFolder("XDG_CACHE_HOME") ?? home.map({ $0 + "/.cache" }) else {
            return nil
        }
        return KernelSymbolCache(folder: caches + "/ucli")
    }

    /// What was kept, if it is of this kernel and this user.
    func image(for key: KernelSymbolKey) -> KernelSymbolImage? {
        guard let bytes = FileBytes(path: Array(file.utf8)), bytes.owner == geteuid(),
            let image = KernelSymbolImage(bytes), image.key == key
        else { return nil }
        return image
    }

    /// Readers see the file that was there before, or all of this one.
    func keep(_ image: KernelSymbolImage) {
        for folder in [FilePath(folder).removingLastComponent().string, folder] {
            unsafe mkdir(folder, 0o700)
        }
        let unfinished = "\(file).\(getpid())"
        guard
            let descriptor = try? FileDescriptor.open(
                FilePath(unfinished), .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite)
        else { return }
        let isWritten = (try? descriptor.closeAfter { try descriptor.writeAll(image.bytes) }) != nil
        let isThere = unsafe isWritten && rename(unfinished, file) == 0
        if !isThere { unsafe unlink(unfinished) }
    }
}

extension FileDescriptor {
    fileprivate func writeAll(_ bytes: FileBytes) throws {
        _ = try bytes.withBytes(at: 0, count: UInt64(bytes.count)) { bytes in
            try unsafe bytes.withUnsafeBytes { try unsafe writeAll($0) }
        }
    }
}
