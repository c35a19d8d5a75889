// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import CallFrameInformation

@Suite struct ExpressionTests {
    private func value(
        _ code: [UInt8], initial: UInt64? = nil, rsp: UInt64 = 0x1000, rip: UInt64 = 0,
        word: (UInt64) -> UInt64? = { _ in nil }
    ) -> UInt64? {
        var registers = RegisterValues(repeating: 0)
        registers[RegisterNumber.rsp] = rsp
        registers[RegisterNumber.rip] = rip
        let rules = FrameRules(bytes: SectionBytes(code, address: 0))
        return rules.evaluate(0..<code.count, initial: initial, registers: registers, word: word)
    }

    /// What linkers write for `.plt`: from its 11th byte on, an entry has pushed one word more.
    @Test func procedureLinkageTable() {
        let code: [UInt8] = [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22]
        #expect(value(code, rip: 0x4010) == 0x1008)
        #expect(value(code, rip: 0x401a) == 0x1008)
        #expect(value(code, rip: 0x401b) == 0x1010)
        #expect(value(code, rip: 0x401f) == 0x1010)
    }

    /// As the C library's trampoline finds registers: in memory, from the stack pointer on.
    @Test func memory() {
        #expect(value([0x77, 0xa0, 0x01, 0x06]) { $0 == 0x10a0 ? 7 : nil } == 7)
        #expect(value([0x77, 0xa0, 0x01, 0x94, 1]) { _ in 0x1234 } == 0x34)
        #expect(value([0x77, 0, 0x06]) == nil)
    }

    @Test(
        arguments: [
            ([0x32, 0x35, 0x1c], UInt64(bitPattern: -3)), ([0x09, 0xf8, 0x33, 0x1b], UInt64(bitPattern: -2)),
            ([0x38, 0x33, 0x1d], 2), ([0x35, 0x1f, 0x19], 5), ([0x35, 0x20], ~5),
            ([0x31, 0x32, 0x16, 0x1c], 1),
            ([0x31, 0x32, 0x33, 0x17], 2), ([0x31, 0x32, 0x33, 0x17, 0x13], 1),
            ([0x31, 0x32, 0x14, 0x15, 1, 0x1c], UInt64(bitPattern: -1)),
            ([0x09, 0xf0, 0x32, 0x26], UInt64(bitPattern: -4)), ([0x09, 0xff, 0x31, 0x2d], 1),
            ([0x31, 0x28, 1, 0, 0x30, 0x37], 7), ([0x2f, 1, 0, 0x30, 0x37], 7), ([0x31, 0x08, 200, 0x24], 0),
        ] as [([UInt8], UInt64)])
    func calculations(_ code: [UInt8], _ result: UInt64) {
        #expect(value(code) == result)
    }

    @Test func theInitialValueIsOnTheStack() {
        #expect(value([0x23, 8], initial: 0x2000) == 0x2008)
    }

    /// An endless loop, a stack without end, too few values, no such instruction, division by zero, cut
    /// short, a jump outside, the smallest number over -1.
    @Test(
        arguments: [
            [0x2f, 0xfd, 0xff], [0x31, 0x2f, 0xfc, 0xff], [0x22], [], [0xff], [0x31, 0x30, 0x1b],
            [0x31, 0x30, 0x1d],
            [0x08], [0x2f, 0x70, 0xff], [0x80], [0x8f, 0], [0x15, 0xff],
        ] as [[UInt8]])
    func hostile(_ code: [UInt8]) {
        #expect(value(code) == nil)
    }

    @Test func theSmallestNumberOverMinusOne() {
        let smallest: [UInt8] = [0x0e, 0, 0, 0, 0, 0, 0, 0, 0x80]
        #expect(value(smallest + [0x09, 0xff, 0x1b]) == 1 << 63)
        #expect(value(smallest + [0x19]) == 1 << 63)
    }
}
