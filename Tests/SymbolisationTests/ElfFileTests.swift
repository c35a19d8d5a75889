// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Symbolisation

/// The files that this very process has mapped, and damaged copies of them.
@Suite struct ElfFileTests {
    /// An executable mapping of this process, as `/proc/self/maps` shows it.
    private func mapping(ofFileNamed name: String) throws -> FileMapping {
        let lines = try String(decoding: contents(of: "/proc/self/maps"), as: UTF8.self).split(
            separator: "\n")
        let line = try #require(lines.first { $0.contains(" r-xp ") && $0.hasSuffix(name) })
        let fields = line.split(separator: " ", maxSplits: 5)
        let range = fields[0].split(separator: "-").map { UInt64($0, radix: 16)! }
        let device = fields[3].split(separator: ":").map { UInt32($0, radix: 16)! }
        return FileMapping(
            addresses: range[0]..<range[1], offset: UInt64(fields[2], radix: 16)!,
            path: Array(fields[5].drop { $0 == " " }.utf8), buildID: [],
            identity: FileIdentity(deviceMajor: device[0], deviceMinor: device[1], inode: UInt64(fields[4])!))
    }

    private func address(ofSymbol name: String) throws -> UInt64 {
        try #require(unsafe dlsym(nil, name).map { UInt64(UInt(bitPattern: $0)) })
    }

    /// The dynamic linker is the judge of where a function is.
    @Test func aFunctionOfTheCLibrary() throws {
        let image = ProcessImage(mappings: [try mapping(ofFileNamed: "/libc.so.6")], files: ElfFileCache())
        let address = try address(ofSymbol: "qsort")
        #expect(image.location(of: address).symbol?.name == "qsort")
        #expect(image.location(of: address + 1).symbol?.name == "qsort")
        #expect(image.file(at: 0x1000) == nil)
        // The file's bytes are those in memory.
        let word = unsafe UnsafeRawPointer(bitPattern: UInt(address))?.loadUnaligned(as: UInt64.self)
        #expect(image.word(at: address) == word)
    }

    /// The kernel may show one segment as several mappings, after mprotect(2) on a part of it.
    @Test func aMappingThatBeginsInsideOfASegment() throws {
        let mapping = try mapping(ofFileNamed: "/libc.so.6")
        let file = try #require(ElfFileCache().file(of: mapping).file)
        let whole = file.loadBias(ofMappingAt: mapping.addresses.lowerBound, offset: mapping.offset)
        let rest = file.loadBias(
            ofMappingAt: mapping.addresses.lowerBound + 0x3000, offset: mapping.offset + 0x3000)
        #expect(whole != nil)
        #expect(whole == rest)
        #expect(file.loadBias(ofMappingAt: 0x1000, offset: 1 << 40) == nil)
    }

    @Test func aFunctionOfTheVdso() throws {
        let mapping = try mapping(ofFileNamed: "[vdso]")
        let files = ElfFileCache()
        let file = try #require(files.file(of: mapping).file)
        #expect(!file.buildID.isEmpty)
        #expect(file.unwindTable != nil)
        let image = ProcessImage(mappings: [mapping], files: files)
        let names = Set(mapping.addresses.compactMap { image.location(of: $0).symbol?.name })
        #expect(names.contains { $0.hasSuffix("clock_gettime") })
    }

    /// It has the same name and, in a dump, no build-id.
    @Test func theVdsoOf32BitCodeIsAnother() throws {
        let own = try mapping(ofFileNamed: "[vdso]")
        let start: UInt64 = 0xf7f1_5000
        let mapping = FileMapping(
            addresses: start..<start + UInt64(own.addresses.count), offset: 0, path: own.path, buildID: [],
            identity: own.identity)
        let image = ProcessImage(mappings: [mapping], files: ElfFileCache())
        #expect(mapping.addresses.allSatisfy { image.location(of: $0).symbol == nil })
        #expect(image.files.map(\.state) == [.missing])
    }

    @Test func anotherFileInThePlaceOfTheMappedOne() throws {
        let mapped = try mapping(ofFileNamed: "/libc.so.6")
        let file = try #require(ElfFileCache().file(of: mapped).file)
        func isUsed(buildID: [UInt8], inode: UInt64) -> Bool {
            let identity = FileIdentity(
                deviceMajor: mapped.identity.deviceMajor, deviceMinor: mapped.identity.deviceMinor,
                inode: inode)
            let mapping = FileMapping(
                addresses: mapped.addresses, offset: mapped.offset, path: mapped.path, buildID: buildID,
                identity: identity)
            return ElfFileCache().file(of: mapping).file != nil
        }
        #expect(!file.buildID.isEmpty)
        #expect(isUsed(buildID: file.buildID, inode: 1), "the build-id alone decides where there is one")
        #expect(!isUsed(buildID: file.buildID.map { ~$0 }, inode: mapped.identity.inode))
        // Where mappings show other numbers, as on overlayfs, nothing can be said.
        let isShown = try #require(file.bytes.identity).isShownByMappings
        #expect(isUsed(buildID: [], inode: mapped.identity.inode + 1) == !isShown)
        #expect(isUsed(buildID: [], inode: mapped.identity.inode))
    }

    @Test func onlyRegularFilesAreOpened() throws {
        for path in ["/dev/zero", "/", "/proc/self/nothing", "libc.so.6", ""] {
            #expect(FileBytes(path: Array(path.utf8)) == nil, "\(path)")
        }
        let fifo = try ScratchFile([])
        try fifo.becomeFIFO()
        let isOpened = FileBytes(path: Array(fifo.path.utf8)) != nil
        #expect(!isOpened)
    }

    @Test func notAnElfFile() throws {
        for text in ["", "x", "#!/bin/sh\n", "\u{7f}ELF"] {
            let scratch = try ScratchFile(Array(text.utf8))
            let isElf = FileBytes(path: Array(scratch.path.utf8)).flatMap { ElfFile($0) } != nil
            #expect(!isElf, "\(text)")
        }
    }

    /// Whoever may write a program may write anything into it. The same mutations in every run.
    @Test func damagedFiles() throws {
        let original = try contents(of: "/bin/true")
        var state: UInt64 = 20_240_229
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<500 {
            var bytes = original
            // Half of them in the headers at the start and at the end, where it hurts.
            for _ in 0...random(below: 8) {
                let near = random(below: 1024)
                let offset = [near, bytes.count - 1 - near, random(below: bytes.count)][random(below: 3)]
                bytes[offset] = [0, 0xff, UInt8(random(below: 256))][random(below: 3)]
            }
            if round % 5 == 0 { bytes.removeLast(random(below: bytes.count)) }
            let scratch = try ScratchFile(bytes)
            guard let file = FileBytes(path: Array(scratch.path.utf8)).flatMap({ ElfFile($0) }) else {
                continue
            }
            for _ in 0..<50 {
                let address = UInt64(random(below: 0x10000)) &* (round % 7 == 0 ? 0x1_0000_0001 : 1)
                _ = file.symbol(at: address)
                _ = file.word(at: address)
                _ = file.loadBias(ofMappingAt: 0x7f00_0000_0000, offset: address)
            }
        }
    }

    /// Names of big files are read through descriptors; where a process would run out of them, as everywhere else.
    @Test func manyBigFilesLeaveDescriptors() throws {
        let name = Array("a name".utf8)
        let scratch = try ScratchFile(name)
        let size = 20 << 20
        let result = unsafe truncate(scratch.path, size)
        try #require(result == 0)
        let files = (0..<400).compactMap { _ in FileBytes(path: Array(scratch.path.utf8)) }
        let open = (0..<1000 as Range<CInt>).filter { fcntl($0, F_GETFD) >= 0 }
        #expect(files.count == 400 && open.count < 350)
        #expect(
            files.allSatisfy { $0.count == size && $0.readString(at: 2, limit: 100) == Array(name[2...]) })
        #expect(
            files.allSatisfy {
                $0.readString(at: 0, limit: 6) == nil && $0.readString(at: UInt64(size), limit: 6) == nil
            })
    }
}
