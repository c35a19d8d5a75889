// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Symbolisation

@Suite struct KernelSymbolsTests {
    private let symbols = KernelSymbols(
        kallsyms: Array(
            """
            0000000000000000 A fixed_percpu_data
            ffffffff81000000 D not_a_function
            ffffffff81000000 t first_name
            ffffffff81000000 T second_name
            ffffffff81000100 T schedule
            ffffffff81000200 t helper.cold
            ffffffff81000300 T _etext
            ffffffff81000400 D data
            ffffffffa0002000 t of_module\t[two]
            ffffffffa0001000 t first_of_module\t[one]
            ffffffffa0001080 d data_of_module\t[one]
            not a line
            ffffffff8100

            """.utf8),
        modules: Array(
            """
            one 4096 0 - Live 0xffffffffa0001000
            two 256 1 one, Live 0xffffffffa0002000 (OE)
            hidden 16384 0 - Live 0x0000000000000000

            """.utf8))

    @Test(
        arguments: [
            (0xffff_ffff_8100_0100, "schedule"),
            (0xffff_ffff_8100_01ff, "schedule"),
            (0xffff_ffff_8100_0200, "helper.cold"),
            (0xffff_ffff_8100_0000, "first_name"),
            (0xffff_ffff_a000_1000, "first_of_module"),
            (0xffff_ffff_a000_20ff, "of_module"),
        ] as [(UInt64, String)])
    func functions(address: UInt64, name: String) {
        #expect(symbols.symbol(at: address)?.name == name)
    }

    /// In front of, between and behind functions nothing is named: the nearest name would be wrong.
    @Test(
        arguments: [
            0, 0x1000, 0xffff_ffff_80ff_ffff, 0xffff_ffff_8100_0300, 0xffff_ffff_8100_0500,
            0xffff_ffff_a000_1080,
            0xffff_ffff_a000_2100, .max,
        ] as [UInt64])
    func nothingElse(address: UInt64) {
        #expect(symbols.symbol(at: address)?.name == nil)
    }

    /// What was kept of a kernel that is loaded elsewhere now: it moves as a whole, without its modules.
    @Test func anotherBoot() throws {
        let text = """
            0000000000020000 T low
            ffffffff81000000 T _stext
            ffffffff81000000 T _text
            ffffffff81000100 T schedule
            ffffffff81000200 D _end
            ffffffffa0001000 t of_module\t[one]
            ffffffffa0001100 d data_of_module\t[one]

            """
        func symbols(_ symbol: String, _ address: UInt64) -> KernelSymbols? {
            KernelSymbols(kallsyms: Array(text.utf8), symbol: symbol, at: address)
        }
        for base in [0xffff_ffff_9d20_0000, 0xffff_ffff_8100_0000, 0xffff_ffff_8000_0000] as [UInt64] {
            let moved = try #require(symbols("_text", base))
            #expect(moved.symbol(at: base)?.name == "_stext")
            #expect(moved.symbol(at: base + 0x1ff)?.name == "schedule")
            let low = base &- 0xffff_ffff_8100_0000 &+ 0x2_0000
            #expect(
                [base - 1, base + 0x200, low, 0xffff_ffff_a000_1000, 0].allSatisfy {
                    moved.symbol(at: $0) == nil
                }
            )
        }
        #expect(symbols("text", 0xffff_ffff_8100_0000) == nil)
        #expect(symbols("_tex", 0xffff_ffff_8100_0000) == nil)
        #expect(symbols("of_module", 0xffff_ffff_a000_1000) == nil)
        #expect(
            KernelSymbols(kallsyms: Array("0000000000000000 T _text\n".utf8), symbol: "_text", at: 1) == nil)
        #expect(KernelSymbols(kallsyms: [], symbol: "_text", at: 1) == nil)
    }

    /// Whoever may not see the addresses gets zeros.
    @Test func hiddenAddresses() {
        let text = "0000000000000000 T _stext\n0000000000000000 T schedule\n"
        let symbols = KernelSymbols(kallsyms: Array(text.utf8), modules: [])
        #expect(symbols.symbol(at: 0)?.name == nil)
        #expect(symbols.symbol(at: 0xffff_ffff_8100_0000)?.name == nil)
    }

    /// A bracket at the end of a line is no sign that a module stands before it.
    @Test func bracketWithoutAModule() {
        let text = "ffffffff81000000 t ]\nffffffff81000010 t a]\nffffffff81000020 d end\n"
        let symbols = KernelSymbols(kallsyms: Array(text.utf8), modules: [])
        #expect(symbols.symbol(at: 0xffff_ffff_8100_0008)?.name == "]")
        #expect(symbols.symbol(at: 0xffff_ffff_8100_0018)?.name == "a]")
    }

    @Test func nothingAtAll() {
        #expect(KernelSymbols(kallsyms: [], modules: []).symbol(at: 1)?.name == nil)
    }
}
