// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Symbolisation

/// Lines of `/proc/PID/maps`.
@Suite struct MappingsTests {
    private func parsed(_ line: String) -> MemoryMapping? { MemoryMapping(Array(line.utf8)[...]) }

    @Test func aFile() throws {
        let mapping = try #require(
            parsed("7f33fa000000-7f33fa020000 r-xp 0001000 08:1f 1234        /usr/lib/a b.so"))
        #expect(mapping.addresses == 0x7f33_fa00_0000..<0x7f33_fa02_0000)
        #expect(mapping.isExecutable && !mapping.isWritable)
        #expect(mapping.path == Array("/usr/lib/a b.so".utf8))
        let code = try #require(mapping.code)
        #expect(code.offset == 0x1000 && code.path == mapping.path)
        #expect(code.identity == FileIdentity(deviceMajor: 8, deviceMinor: 31, inode: 1234))
    }

    /// Names may begin with anything, and the kernel escapes nothing but newlines.
    @Test(arguments: [
        ("/a\\012b (deleted)", "/a\nb (deleted)"), ("/a\\b\\0123", "/a\\b\n3"), ("[heap]", "[heap]"),
        ("", ""),
    ])
    func paths(shown: String, path: String) throws {
        let mapping = try #require(parsed("1000-2000 rw-p 00000000 00:00 0 \(shown)"))
        #expect(mapping.path == Array(path.utf8))
        #expect(mapping.isWritable && mapping.code == nil)
    }

    @Test(arguments: [
        "", "1000-2000", "1000 rw-p 0 00:00 0", "2000-1000 rw-p 0 00:00 0", "1000-2000 rw-p 0 0000 0",
        "1000-1ffffffffffffffff rw-p 0 00:00 0", "1000-2000 rw-p x 00:00 0", "1000-2000 rw-p 0 00:00 -1",
        "1000-2000 rw-p 0 100000000:00 0",
    ])
    func noMapping(line: String) {
        #expect(parsed(line) == nil)
    }

    @Test func ofThisProcess() throws {
        let process = try #require(LiveProcess(pid: UInt32(getpid())))
        let mappings = try #require(process.mappings())
        let program = try #require(process.programPath)
        #expect(mappings.contains { $0.path == program && $0.isExecutable })
        #expect(mappings.contains { $0.path == Array("[stack]".utf8) && $0.isWritable })
        #expect(LiveProcess(pid: UInt32(Int32.max)) == nil)
    }
}
