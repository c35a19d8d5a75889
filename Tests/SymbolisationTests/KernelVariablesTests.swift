// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Symbolisation

/// Names of locks: a wrong one sends its reader to code that has nothing to do with it.
@Suite struct KernelVariablesTests {
    private static let list = """
        0000000000000000 A fixed_percpu_data
        ffffffff81000000 T _text
        ffffffff81000100 t function
        ffffffff82000000 D console_sem
        ffffffff82000000 d alias
        ffffffff82000040 d table
        ffffffff82100000 T other_function
        ffffffffa0000000 t take\t[abba]
        ffffffffa0003000 b mutex_a\t[abba]
        ffffffffa0002fe0 d mutex_b\t[abba]
        0000000000000000 d hidden
        """

    private func names(_ addresses: UInt64..., list: String = list) -> [String?] {
        let symbols = KernelVariables(kallsyms: { Array(list.utf8) }).symbols(at: Set(addresses))
        return addresses.map { address in
            symbols[address].map {
                "\($0.name)+\(address - $0.start)" + ($0.kernelModule.map { " [\($0)]" } ?? "")
            }
        }
    }

    @Test func exactAndInside() {
        #expect(
            names(0xffff_ffff_8200_0000, 0xffff_ffff_8200_0050, 0xffff_ffff_a000_3000, 0xffff_ffff_a000_2fe8)
                == ["console_sem+0", "table+16", "mutex_a+0 [abba]", "mutex_b+8 [abba]"])
    }

    @Test func functionsAreNoVariables() {
        #expect(names(0xffff_ffff_8100_0108, 0xffff_ffff_a000_0000) == [nil, nil])
    }

    /// Allocated memory lies below all of it; the small numbers of the list are no addresses.
    @Test func memoryWithoutAName() {
        #expect(
            names(0x10, 0xffff_8880_0123_4000, 0xffff_ffff_8000_0000, 0xffff_ffff_8205_0000) == [
                nil, nil, nil, nil,
            ])
        #expect(names(0xffff_ffff_ffff_ffff) == [nil])
    }

    @Test(arguments: [
        "", "\n\n", "ffffffff82000000", "ffffffff82000000 ", "ffffffff82000000 D", "ffffffff82000000 D ",
        "ffffffff82000000 D x\t[", "ffffffff82000000 D\tx", "ffffffffffffffffffffff D x",
    ])
    func damagedLists(_ list: String) {
        for name in names(0xffff_ffff_8200_0000, 0xffff_ffff_8200_0001, list: list) {
            #expect(name == nil || name!.utf8.count < 10)
        }
    }
}
