// SPDX-License-Identifier: Apache-2.0

/// Opens each file once, however many processes have it mapped.
public final class ElfFileCache {
    private struct Key: Hashable {
        let path: [UInt8]
        let buildID: [UInt8]
        let identity: FileIdentity
    }

    private var files: [Key: ElfFile?] = [:]
    private lazy var vdso = FileBytes(vdsoOfThisProcess: ()).flatMap(ElfFile.init)

    /// The folder under which the paths of mappings are looked for, without a slash at its end.
    private let root: [UInt8]

    public init(root: [UInt8] = []) {
        self.root = root.last == UInt8(ascii: "/") ? root.dropLast() : root
    }

    /// The file of a mapping; nil if it is not there any more, or has other contents than what is mapped.
    func file(of mapping: FileMapping) -> ElfFile? {
        if mapping.isVdso {
            return vdso.flatMap { Self.matches($0, mapping) ? $0 : nil }
        }
        let key = Key(path: mapping.path, buildID: mapping.buildID, identity: mapping.identity)
        if let known = files[key] { return known }
        let opened = FileBytes(path: root + mapping.path).flatMap(ElfFile.init)
        let file = opened.flatMap { Self.matches($0, mapping) ? $0 : nil }
        files[key] = .some(file)
        return file
    }

    /// By build-id; where the mapping has none, by device and inode.
    private static func matches(_ file: ElfFile, _ mapping: FileMapping) -> Bool {
        if !mapping.buildID.isEmpty { return file.buildID == mapping.buildID }
        guard let identity = file.bytes.identity, identity.isShownByMappings else { return true }
        return identity == mapping.identity
    }
}
