// SPDX-License-Identifier: Apache-2.0

/// Files by their build-ids, as debuggers and perf keep them.
enum BuildIDFolder {
    /// `12/3456…`, the way from such a folder to a file; nil for what is no build-id.
    static func path(of buildID: [UInt8]) -> String? {
        guard buildID.count >= 2 else { return nil }
        let digits = buildID.flatMap { [$0 >> 4, $0 & 15] }.map { String($0, radix: 16) }
        return "\(digits[..<2].joined())/\(digits[2...].joined())"
    }

    /// What perf keeps of each file in a profile, and what `perf archive` brings from another machine.
    ///
    /// - Parameter name: `elf`, `vdso` or `kallsyms`.
    static func pathInPerfCache(of buildID: [UInt8], name: String) -> [UInt8]? {
        guard let path = path(of: buildID), let home = environmentFolder("HOME") else { return nil }
        return Array("\(home)/.debug/.build-id/\(path)/\(name)".utf8)
    }
}
