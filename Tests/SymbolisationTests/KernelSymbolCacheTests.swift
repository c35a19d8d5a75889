// SPDX-License-Identifier: Apache-2.0
import Glibc
import ScratchFixtures
import Testing

@testable import Symbolisation

@Suite struct KernelSymbolCacheTests {
    private let list = KernelSymbolList(
        kallsyms: Array(
            """
            ffffffff81000000 T first
            ffffffff81000100 T second
            ffffffff81000200 D data
            ffffffffa0001000 t of_module\t[one]
            ffffffffa0001080 t other_of_module\t[one]
            ffffffffc0000000 t bpf_prog_1\t[bpf]
            ffffffffc0000100 t trampoline\t[__builtin__ftrace]
            ffffffffffffff00 D end
            """.utf8),
        modules: Array("one 4096 0 - Live 0xffffffffa0001000\n".utf8))
    private let program: UInt64 = 0xffff_ffff_c000_0010

    private func key(_ modules: String) throws -> KernelSymbolKey {
        try #require(KernelSymbolKey(modules: Array(modules.utf8)))
    }

    @Test func modulesAreTold() {
        let symbols = KernelSymbols(list.image(key: nil))
        #expect(symbols.symbol(at: 0xffff_ffff_a000_1010)?.kernelModule == "one")
        #expect(symbols.symbol(at: program)?.kernelModule == "bpf")
        #expect(symbols.symbol(at: 0xffff_ffff_8100_0010)?.kernelModule == nil)
        // One object for a function.
        let objects = [0x1080, 0x1090].map { symbols.symbol(at: 0xffff_ffff_a000_0000 + $0) }
        #expect(objects[0] != nil && objects[0] === objects[1])
    }

    @Test func whatIsKeptIsFoundAgain() throws {
        let fixture = try Fixture()
        let cache = KernelSymbolCache(folder: fixture.path + "/folder")
        let key = try key("one 4096 3 - Live 0xffffffffa0001000\n")
        #expect(cache.image(for: key) == nil)
        cache.keep(list.image(key: key))
        let symbols = KernelSymbols(try #require(cache.image(for: key)))
        #expect(symbols.symbol(at: 0xffff_ffff_8100_0110)?.name == "second")
        #expect(symbols.symbol(at: 0xffff_ffff_a000_1090)?.name == "other_of_module")
        #expect(
            try fixture.run("stat -c %a folder folder/kernel-symbols; ls folder | wc -l") == "700\n600\n1\n")
        // A module is in use more often, and that is all.
        #expect(try cache.image(for: self.key("one 4096 9 a,b Live 0xffffffffa0001000\n")) != nil)
        // One was unloaded, or loaded again elsewhere.
        #expect(try cache.image(for: self.key("")) == nil)
        #expect(try cache.image(for: self.key("one 4096 3 - Live 0xffffffffa0002000\n")) == nil)
    }

    /// Code that comes and goes without a module is not kept, and is asked for anew, once.
    @Test func passingCode() {
        var reads = 0
        let symbols = KernelSymbols(list.withoutPassingCode.image(key: nil)) {
            reads += 1
            return list.image(key: nil)
        }
        #expect(symbols.symbol(at: 0xffff_ffff_8100_0010)?.name == "first")
        #expect(reads == 0)
        #expect(symbols.symbol(at: program)?.name == "bpf_prog_1")
        #expect(symbols.symbol(at: program + 0x100)?.name == "trampoline")
        #expect(symbols.symbol(at: 0x1000) == nil)
        #expect(reads == 1)
    }

    /// A cache that cannot be used costs time, and nothing else.
    @Test func noPlaceForIt() throws {
        let scratch = try ScratchFile([])
        let cache = KernelSymbolCache(folder: scratch.path)
        let key = try key("")
        cache.keep(list.image(key: key))
        #expect(cache.image(for: key) == nil)
        let symbols = KernelSymbols.ofRunningKernel(cache: cache)
        let again = KernelSymbols.ofRunningKernel(cache: nil)
        let address = try firstFunction()
        #expect(symbols.symbol(at: address)?.name == again.symbol(at: address)?.name)
    }

    /// The first function of the running kernel; 0 if it hides its addresses.
    private func firstFunction() throws -> UInt64 {
        let lines = try String(decoding: contents(of: "/proc/kallsyms"), as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.contains(" T ") || $0.contains(" t ") }
        return try #require(line.flatMap { UInt64($0.prefix { $0 != " " }, radix: 16) })
    }

    /// The running kernel's, with what was kept and without: the same for every function.
    @Test func theRunningKernel() throws {
        let fixture = try Fixture()
        let cache = KernelSymbolCache(folder: fixture.path)
        let fresh = KernelSymbols.ofRunningKernel(cache: cache)
        let kept = KernelSymbols.ofRunningKernel(cache: cache)
        let lines = try String(decoding: contents(of: "/proc/kallsyms"), as: UTF8.self).split(separator: "\n")
        for line in lines.prefix(2000) {
            let address = try #require(UInt64(line.prefix { $0 != " " }, radix: 16))
            #expect(fresh.symbol(at: address)?.name == kept.symbol(at: address)?.name)
        }
    }

    /// The file may hold anything: 400 mutations of one, the same in every run.
    @Test func damagedFiles() throws {
        let key = try key("")
        let image = list.image(key: key)
        let original = (0..<UInt64(image.bytes.count)).map { image.bytes.load(at: $0, as: UInt8.self)! }
        var state: UInt64 = 20_240_229
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<400 {
            var bytes = original
            for _ in 0...random(below: 6) {
                bytes[random(below: round % 2 == 0 ? 64 : bytes.count)] = UInt8(random(below: 256))
            }
            if round % 5 == 0 { bytes.removeLast(random(below: bytes.count)) }
            guard let damaged = KernelSymbolImage(FileBytes(joining: bytes)) else { continue }
            let symbols = KernelSymbols(damaged)
            for address in [0, 0xffff_ffff_8100_0010, 0xffff_ffff_a000_1010, .max] as [UInt64] {
                _ = symbols.symbol(at: address)
            }
        }
        #expect(KernelSymbolImage(FileBytes(joining: Array(original.dropLast(original.count - 20)))) == nil)
    }
}
