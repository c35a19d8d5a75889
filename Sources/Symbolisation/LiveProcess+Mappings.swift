// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// One line of `/proc/PID/maps`.
public struct MemoryMapping: Equatable, Sendable {
    public let addresses: Range<UInt64>
    public let isWritable: Bool
    public let isExecutable: Bool
    /// Of the first byte in the file.
    public let offset: UInt64
    /// Empty for memory without a name, else as in `/proc/PID/maps`, without escapes.
    public let path: [UInt8]
    private let deviceMajor: UInt32
    private let deviceMinor: UInt32
    private let inode: UInt64

    /// `7f33fa000000-7f33fa020000 r-xp 00001000 08:01 1234   /usr/lib/a library.so`; nil for anything else.
    init?(_ line: ArraySlice<UInt8>) {
        // What is behind the fifth blank is the path, which may hold any.
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
        guard fields.count >= 5,
            let addresses = Self.numbers(fields[0], separator: "-"), addresses.0 < addresses.1,
            let offset = UInt64(fields[2].text, radix: 16),
            let device = Self.numbers(fields[3], separator: ":"),
            let major = UInt32(exactly: device.0), let minor = UInt32(exactly: device.1),
            let inode = UInt64(fields[4].text)
        else { return nil }
        self.addresses = addresses.0..<addresses.1
        isWritable = fields[1].contains(UInt8(ascii: "w"))
        isExecutable = fields[1].contains(UInt8(ascii: "x"))
        self.offset = offset
        deviceMajor = major
        deviceMinor = minor
        self.inode = inode
        path = fields.count == 6 ? Self.withoutEscapes(fields[5].drop { $0 == UInt8(ascii: " ") }) : []
    }

    /// As ``ProcessImage`` takes it; nil for what is not executable, of which it knows nothing.
    public var code: FileMapping? {
        guard isExecutable else { return nil }
        return FileMapping(
            addresses: addresses, offset: offset, path: path, buildID: [],
            identity: FileIdentity(deviceMajor: deviceMajor, deviceMinor: deviceMinor, inode: inode))
    }

    private static func numbers(_ text: ArraySlice<UInt8>, separator: Unicode.Scalar) -> (UInt64, UInt64)? {
        let parts = text.split(separator: UInt8(ascii: separator))
        guard parts.count == 2, let first = UInt64(parts[0].text, radix: 16),
            let second = UInt64(parts[1].text, radix: 16)
        else { return nil }
        return (first, second)
    }

    /// The kernel writes a newline of a path as `\012`.
    private static func withoutEscapes(_ path: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = path
        while let byte = rest.first {
            let isNewline = rest.starts(with: "\\012".utf8)
            result.append(isNewline ? UInt8(ascii: "\n") : byte)
            rest = rest.dropFirst(isNewline ? 4 : 1)
        }
        return result
    }
}

extension LiveProcess {
    /// Far above the 65,530 mappings that a process may have by default.
    private static let mapsSizeMax = 64 << 20

    /// What it has in its memory, by address; nil if it is gone, or may not be looked at.
    public func mappings() -> [MemoryMapping]? {
        guard let text = try? contents(of: FilePath("/proc/\(pid)/maps"), limit: Self.mapsSizeMax), isThere
        else {
            return nil
        }
        return text.split(separator: UInt8(ascii: "\n")).compactMap { MemoryMapping($0) }
    }

    /// The path of the program that it runs, as mappings of it have it; nil if that cannot be told.
    public var programPath: [UInt8]? {
        var path = [CChar](repeating: 0, count: 1 << 13)
        let count = unsafe readlink("/proc/\(pid)/exe", &path, path.count)
        return count > 0 && isThere ? path[..<count].map(UInt8.init(bitPattern:)) : nil
    }
}

extension ArraySlice<UInt8> {
    fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
