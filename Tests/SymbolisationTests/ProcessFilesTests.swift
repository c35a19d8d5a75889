// SPDX-License-Identifier: Apache-2.0
import Glibc
import ScratchFixtures
import Testing

@testable import Symbolisation

/// Files as a process has them: removed, replaced, cut short, below another root; and code without a file.
@Suite struct ProcessFilesTests {
    /// This process, with the start time of which `/proc` shows whole ticks.
    private func thisProcess(secondsOff: UInt64 = 0) throws -> LiveProcess {
        let status = try String(decoding: contents(of: "/proc/self/stat"), as: UTF8.self)
        let fields = status[status.lastIndex(of: ")")!...].split(separator: " ")
        let ticks = try #require(UInt64(fields[20])) + secondsOff * UInt64(sysconf(Int32(_SC_CLK_TCK)))
        return LiveProcess(
            pid: UInt32(getpid()),
            startTime: ticks * (1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK)))) + 1)
    }

    private let code: Range<UInt64> = 0x7000_0000_0000..<0x7000_0100_0000

    /// A mapping of a program's code.
    private func mapping(of path: String, like file: String) throws -> FileMapping {
        let elf = try #require(FileBytes(path: Array(file.utf8)).flatMap { ElfFile($0) })
        let offset = try #require(
            (0..<64).map { $0 * 4096 }.first { elf.loadBias(ofMappingAt: 0, offset: $0) != nil })
        return FileMapping(
            addresses: code, offset: offset, path: Array(path.utf8), buildID: elf.buildID,
            identity: FileIdentity(deviceMajor: 0, deviceMinor: 0, inode: 0))
    }

    private func program(_ fixture: borrowing Fixture, _ name: String, id: String) throws -> String {
        try fixture.write("int main(void) { return 0; }", to: "source.c")
        try fixture.run("gcc -Wl,--build-id=0x\(id) -o \(name) source.c")
        return "\(fixture.path)/\(name)"
    }

    @Test func states() throws {
        let fixture = try Fixture()
        let path = try program(fixture, "program", id: "1234")
        let mapping = try mapping(of: path, like: path)
        func state() -> MappedFile.State? {
            let image = ProcessImage(mappings: [mapping], files: ElfFileCache())
            let location = image.location(of: code.lowerBound + 16)
            #expect(image.files.count == 1 && image.files.first === location.file)
            return location.file?.state
        }
        #expect(state() == .usable)
        _ = try program(fixture, "program", id: "5678")
        #expect(state() == .changed)
        try fixture.write("#!/bin/sh\n", to: "program")
        #expect(state() == .unreadable)
        try fixture.run("rm program")
        #expect(state() == .missing)
    }

    @Test func filesBelowAnotherRoot() throws {
        let fixture = try Fixture()
        let path = try program(fixture, "program", id: "1234")
        // A link in there leads to where the root is, not to where it would from outside.
        try fixture.run(
            "mkdir -p root/lib root/real; mv program root/real/; ln -s /real/program root/lib/program")
        let inside = try mapping(of: "/lib/program", like: fixture.path + "/root/real/program")
        #expect(ElfFileCache(sysroot: fixture.path + "/root").file(of: inside).state == .usable)
        #expect(ElfFileCache().file(of: inside).state == .missing)
        // And nothing of this machine is used, whoever has it open.
        let outside = try mapping(
            of: fixture.path + "/root/real/program", like: fixture.path + "/root/real/program")
        let sysroot = ElfFileCache(sysroot: fixture.path + "/root")
        #expect(try sysroot.file(of: outside, in: thisProcess()).state == .missing)
        #expect(path.hasPrefix(fixture.path))
    }

    /// While a process lives, its file can be opened after it was removed or replaced.
    @Test(.enabled(if: geteuid() == 0, "opening /proc/PID/map_files is root's"))
    func removedFiles() throws {
        let fixture = try Fixture()
        let path = try program(fixture, "program", id: "1234")
        var wanted = try mapping(of: path, like: path)
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        let memory = unsafe mmap(nil, 4096, PROT_READ, MAP_PRIVATE, descriptor, off_t(wanted.offset))
        close(descriptor)
        defer { unsafe munmap(memory, 4096) }
        try #require(unsafe memory != MAP_FAILED)
        let start = UInt64(UInt(bitPattern: memory))
        for name in [path, path + " (deleted)"] {
            wanted = FileMapping(
                addresses: start..<start + 4096, offset: wanted.offset, path: Array(name.utf8),
                buildID: wanted.buildID, identity: wanted.identity)
            _ = try program(fixture, "other", id: "5678")
            try fixture.run("rm -f program; mv other program")
            #expect(try ElfFileCache().file(of: wanted, in: thisProcess()).state == .usable)
            #expect(try ElfFileCache().file(of: wanted, in: thisProcess(secondsOff: 1)).state == .changed)
            #expect(ElfFileCache().file(of: wanted).state == .changed)
        }
    }

    /// A profile knows only the number of the process that had the file. Another may have it now, so that
    /// what is found through it must be the file.
    @Test(.enabled(if: geteuid() == 0, "opening /proc/PID/map_files is root's"))
    func removedFilesOfAProfile() throws {
        let fixture = try Fixture()
        let path = try program(fixture, "program", id: "1234")
        let whole = try mapping(of: path, like: path)
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        let memory = unsafe mmap(nil, 4096, PROT_READ, MAP_PRIVATE, descriptor, off_t(whole.offset))
        close(descriptor)
        defer { unsafe munmap(memory, 4096) }
        try #require(unsafe memory != MAP_FAILED)
        let start = UInt64(UInt(bitPattern: memory))
        func state(_ buildID: [UInt8], _ identity: FileIdentity, mapper: Int32?) -> MappedFile.State {
            let mapping = FileMapping(
                addresses: start..<start + 4096, offset: whole.offset, path: Array(path.utf8),
                buildID: buildID, identity: identity, mapper: mapper.map(UInt32.init))
            return ElfFileCache().file(of: mapping).state
        }
        let identity = try #require(FileBytes(path: Array(path.utf8))?.identity)
        try fixture.run("rm program")
        #expect(state(whole.buildID, whole.identity, mapper: getpid()) == .usable)
        #expect(state([], identity, mapper: getpid()) == .usable)
        #expect(state([], whole.identity, mapper: getpid()) == .missing)
        #expect(state([0x56, 0x78], whole.identity, mapper: getpid()) == .missing)
        #expect(state(whole.buildID, whole.identity, mapper: nil) == .missing)
        #expect(state(whole.buildID, whole.identity, mapper: 1) == .missing)
    }

    /// Reading behind the end of a mapped file raises SIGBUS.
    @Test func aFileThatIsCutShort() throws {
        let fixture = try Fixture()
        try fixture.run("head -c 20000 /dev/zero | tr '\\0' x > file")
        let path = "\(fixture.path)/file"
        let bytes = try #require(FileBytes(path: Array(path.utf8)))
        #expect(bytes.load(at: 12000, as: UInt8.self) == UInt8(ascii: "x"))
        try fixture.run("truncate -s 5000 file")
        #expect(bytes.load(at: 4999, as: UInt8.self) == UInt8(ascii: "x"))
        #expect(bytes.load(at: 12000, as: UInt8.self) == 0)
        #expect(bytes.load(at: 19999, as: UInt8.self) == 0)
        #expect(bytes.load(at: 20000, as: UInt8.self) == nil)
    }

    @Test func codeWithoutAFile() throws {
        let scratch = try ScratchFile(
            Array(
                """
                700000000010 10 first
                700000000020 8 Interpreter:run me
                not a line
                700000000030 0 nothing
                700000000010 8 second
                0x700000000040 8 third
                700000000050 8 _ZN2ns1C1hEv
                700000000060 ffffffffffffffff last
                """.utf8))
        let map = PerfMap(try #require(FileBytes(path: Array(scratch.path.utf8))))
        let start = code.lowerBound
        #expect(
            [0x0f, 0x10, 0x17, 0x20, 0x28, 0x30, 0x50, 0x60].map { map.symbol(at: start + $0)?.name } == [
                nil, "second", "second", "Interpreter:run_me", nil, nil, "ns::C::h", "last",
            ])
    }

    /// Its process may write it anew at any time, and may have made it to take long.
    @Test func aMapThatChanges() throws {
        let zeros = String(repeating: "0", count: 64)
        let scratch = try ScratchFile(Array("700000000010 10 first\n\(zeros)700000000040 8 long\n".utf8))
        let map = PerfMap(try #require(FileBytes(path: Array(scratch.path.utf8))))
        func names() -> [String?] {
            [0x10, 0x18, 0x40].map { map.symbol(at: code.lowerBound + $0) }.map { symbol in
                symbol.map { "\($0.name) at \(String($0.start - code.lowerBound, radix: 16))" }
            }
        }
        #expect(names() == ["first at 10", "first at 10", nil])
        let file = unsafe open(scratch.path, O_WRONLY | O_CLOEXEC)
        try #require(file >= 0)
        let line = Array("700000000018 8 other\n".utf8)
        #expect(unsafe pwrite(file, line, line.count, 0) == line.count)
        close(file)
        #expect(names() == [nil, "other at 18", nil])
    }

    /// Anyone may write to /tmp.
    @Test(.enabled(if: geteuid() == 0, "giving a file away is root's"))
    func theOwnerOfAMap() throws {
        let path = "/tmp/perf-\(getpid()).map"
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        defer { unsafe unlink(path) }
        let line = Array("700000000010 10 compiled\n".utf8)
        #expect(unsafe write(file, line, line.count) == line.count)
        func name(_ process: LiveProcess?, path: String = "//anon") -> String? {
            let mapping = FileMapping(
                addresses: code, offset: 0, path: Array(path.utf8), buildID: [],
                identity: FileIdentity(deviceMajor: 0, deviceMinor: 0, inode: 0))
            let image = ProcessImage(mappings: [mapping], files: ElfFileCache(), process: process)
            return image.location(of: code.lowerBound + 0x10).symbol?.name
        }
        let process = try thisProcess()
        for path in ["//anon", "", "[anon:jit]", "/memfd:jit (deleted)"] {
            #expect(name(process, path: path) == "compiled")
        }
        #expect(name(process, path: "/bin/none") == nil)
        #expect(name(nil) == nil)
        #expect(try name(thisProcess(secondsOff: 1)) == nil)
        fchown(file, 12345, 12345)
        #expect(name(process) == nil)
        close(file)
    }

    /// What was found before is found again, for many addresses as well.
    @Test func locationsAreKept() {
        var cache = LocationCache()
        for address in 1...100_000 as ClosedRange<UInt64> {
            cache.insert(CodeLocation(address: address &* 3), at: address &* 4096)
            #expect(cache[address &* 4096]?.address == address &* 3)
        }
        #expect(cache[0] == nil && cache[5] == nil)
        #expect(cache[100_000 * 4096 - 4096]?.address == 99_999 * 3)
    }
}
