// SPDX-License-Identifier: Apache-2.0
import CElf
import Glibc

/// What a stripped file says about the file with its symbols (`.gnu_debuglink`).
struct DebugLink {
    let name: [UInt8]
    /// Of that file's contents.
    let checksum: UInt32

    init?(_ file: FileBytes, _ sections: ElfSections) {
        guard let section = sections.first(named: ".gnu_debuglink"), section.size <= 4096,
            let name = file.string(at: section.offset, limit: Int(section.size)),
            // A name, and no way to another folder.
            !name.isEmpty, !name.contains(UInt8(ascii: "/")),
            let checksum = file.load(at: section.offset &+ section.size &- 4, as: UInt32.self)
        else { return nil }
        self.name = name
        self.checksum = checksum
    }
}

/// Where the symbols lie that were stripped off a file, and were put in files of their own.
struct DebugFiles {
    /// Folders that stand for `/`, in the order in which they are tried; an empty one is this process's own.
    let roots: [[UInt8]]
    /// The file that was stripped, below a root.
    let path: [UInt8]

    /// Debian's debug packages, and what gdb and perf look at.
    private static let folder = Array("/usr/lib/debug".utf8)

    /// The debug file by build-id, else by the link; nil if there is none that belongs to it.
    func debugFile(buildID: [UInt8], link: DebugLink?) -> FileBytes? {
        fileByBuildID(buildID) ?? link.flatMap(file)
    }

    private func fileByBuildID(_ buildID: [UInt8]) -> FileBytes? {
        guard let path = BuildIDFolder.path(of: buildID) else { return nil }
        return first([Self.folder + "/.build-id/\(path).debug".utf8]) { ElfFile($0)?.buildID == buildID }
    }

    private func file(_ link: DebugLink) -> FileBytes? {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let folder = path[...slash]
        let candidates = [
            folder + link.name, folder + ".debug/".utf8 + link.name, Self.folder + folder + link.name,
        ]
        return first(candidates.map { Array($0) }) { checksum(of: $0) == link.checksum }
    }

    private func first(_ paths: [[UInt8]], where belongs: (FileBytes) -> Bool) -> FileBytes? {
        for root in roots {
            for path in paths {
                if let file = FileBytes(path: path, root: root), belongs(file) { return file }
            }
        }
        return nil
    }

    private func checksum(of file: FileBytes) -> UInt32? {
        file.withBytes(at: 0, count: UInt64(file.count)) { bytes in
            unsafe bytes.withUnsafeBytes { unsafe crc32(of: $0) }
        }
    }
}
