// SPDX-License-Identifier: Apache-2.0
import CFileMapping
import Glibc

/// Opens each file once, however many processes have it mapped.
public final class ElfFileCache {
    private struct Key: Hashable {
        let path: [UInt8]
        let buildID: [UInt8]
        let identity: FileIdentity
    }

    /// Those that can be used. For one that cannot, another process may know the way.
    private var files: [Key: ElfFile] = [:]
    /// By the process that left it; nil for one that left none.
    private var perfMaps: [UInt32: PerfMap?] = [:]
    private lazy var vdso = FileBytes(vdsoOfThisProcess: ()).flatMap { ElfFile($0) }
    /// Absolute, empty for none.
    private let sysroot: [UInt8]

    private let forgetsPages: Bool
    private var lookups = 0

    /// Bytes of files that may stay in memory. A quarter of what perf takes for the same is this, what
    /// comes until the next look, and the memory of all else.
    private static let residentMax = 28 << 20
    /// Each may bring 200 KB, and a look costs less than one.
    private static let lookupsPerLook = 64
    private static let deleted = Array(" (deleted)".utf8)

    /// - Parameters:
    ///   - sysroot: a folder with the files of the machine that was dumped. Only files below it are
    ///     used then, none of this machine's.
    ///   - forgetsPages: false if something else writes to the mapped files, as libdw does.
    public init(sysroot: String? = nil, forgetsPages: Bool = true) {
        self.sysroot = sysroot.map { Self.absolute(Array($0.utf8)) } ?? []
        self.forgetsPages = forgetsPages
    }

    /// Something was looked up in a file for the first time. Now and then the memory of all is given back.
    func countLookup() {
        lookups += 1
        guard forgetsPages, lookups % Self.lookupsPerLook == 0, file_mapping_resident() > Self.residentMax
        else { return }
        file_mapping_forget()
    }

    /// Whether the files of running processes may be used.
    var isOfThisMachine: Bool { sysroot.isEmpty }

    /// What a process has left of the names of its code in memory.
    func perfMap(leftBy pid: UInt32) -> PerfMap? {
        if let known = perfMaps[pid] { return known }
        let map = PerfMap(leftBy: pid)
        perfMaps[pid] = .some(map)
        return map
    }

    /// The file of a mapping if it is there and has the contents that are mapped; else why not.
    func file(of mapping: FileMapping, in process: LiveProcess? = nil) -> (
        file: ElfFile?, state: MappedFile.State
    ) {
        // 32-bit code has another one, which dumps and profiles show without a build-id.
        if mapping.isVdso, let vdso, Self.matches(vdso, mapping) ?? !mapping.isWithin4GB {
            return (vdso, .usable)
        }
        let key = Key(path: mapping.path, buildID: mapping.buildID, identity: mapping.identity)
        if let known = files[key] { return (known, .usable) }
        var (file, state) = search(for: mapping, in: process)
        // Another process may have its number by now, so that only what is known to be the file is used.
        if file == nil, isOfThisMachine, let mapper = mapping.mapper.flatMap(LiveProcess.init(pid:)) {
            file = search(for: mapping, in: mapper, needsProof: true).file
        }
        guard let file else { return (nil, state) }
        files[key] = file
        return (file, .usable)
    }

    private func search(
        for mapping: FileMapping, in process: LiveProcess?, needsProof: Bool = false
    ) -> (file: ElfFile?, state: MappedFile.State) {
        let isAnotherVdso = mapping.isVdso && vdso != nil && !mapping.buildID.isEmpty
        var state = isAnotherVdso ? MappedFile.State.changed : .missing
        for place in places(of: mapping, in: process) {
            guard let bytes = FileBytes(path: place.path, root: place.root) else { continue }
            guard let file = ElfFile(bytes, debugFiles: debugFiles(of: mapping, in: process)) else {
                if state == .missing { state = .unreadable }
                continue
            }
            if Self.matches(file, mapping) ?? !needsProof { return (file, .usable) }
            state = .changed
        }
        return (nil, state)
    }

    private func places(of mapping: FileMapping, in process: LiveProcess?) -> [(root: [UInt8], path: [UInt8])]
    {
        let path = Self.withoutMark(mapping.path)
        guard isOfThisMachine else { return [(sysroot, path)] }
        var places: [(root: [UInt8], path: [UInt8])] = []
        if path.first == UInt8(ascii: "/") {
            if let root = process?.root { places.append((root, path)) }
            if let mapped = process?.path(ofMappingAt: mapping.addresses) { places.append(([], mapped)) }
            places.append(([], path))
        }
        let name = mapping.isVdso ? "vdso" : "elf"
        if let kept = BuildIDFolder.pathInPerfCache(of: mapping.buildID, name: name) {
            places.append(([], kept))
        }
        return places
    }

    private func debugFiles(of mapping: FileMapping, in process: LiveProcess?) -> DebugFiles {
        let roots = isOfThisMachine ? [process?.root, []].compactMap { $0 } : [sysroot]
        return DebugFiles(roots: roots, path: Self.withoutMark(mapping.path))
    }

    /// By build-id; where the mapping has none, by device and inode. Nil if neither can tell.
    private static func matches(_ file: ElfFile, _ mapping: FileMapping) -> Bool? {
        if !mapping.buildID.isEmpty { return file.buildID == mapping.buildID }
        guard let identity = file.bytes.identity else { return nil }
        if identity.hasNumbers(of: mapping.identity) { return true }
        return identity.isShownByMappings ? false : nil
    }

    /// Mappings of files that were removed have a mark behind the path.
    private static func withoutMark(_ path: [UInt8]) -> [UInt8] {
        path.count > deleted.count && path.suffix(deleted.count).elementsEqual(deleted)
            ? Array(path.dropLast(deleted.count)) : path
    }

    private static func absolute(_ path: [UInt8]) -> [UInt8] {
        guard path.first != UInt8(ascii: "/"), let folder = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(folder) }
        return Array(unsafe String(cString: folder).utf8) + "/".utf8 + path
    }
}
