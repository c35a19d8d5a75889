// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import CallFrameInformation

/// Sections written by hand, for what compilers rarely do, and for what nobody should.
@Suite struct CallFramesTests {
    private static let address: UInt64 = 0x1000

    /// An entry with its length in front, padded with instructions that do nothing.
    private func entry(_ body: [UInt8]) -> [UInt8] {
        let padded = body + [UInt8](repeating: 0, count: -body.count & 3)
        return bytes(UInt32(padded.count)) + padded
    }

    private func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
    }

    /// A common entry as gcc writes it, with addresses of 8 bytes, and one of the code at 0x4000 … 0x40ff.
    private func section(_ program: [UInt8], letters: String = "zR", data: [UInt8] = [0x04]) -> [UInt8] {
        let common = entry(
            bytes(UInt32(0)) + [1] + Array(letters.utf8) + [0, 1, 0x78, 16, UInt8(data.count)] + data
                + [0x0c, 7, 8, 0x90, 1])
        let frame = entry(
            bytes(UInt32(common.count + 4)) + bytes(UInt64(0x4000)) + bytes(UInt64(0x100)) + [0] + program)
        return common + frame + bytes(UInt32(0))
    }

    private func frames(_ section: [UInt8]) -> CallFrames {
        CallFrames(
            CallFrames.Sources(
                header: nil, memory: { _ in nil },
                exceptionFrames: { SectionBytes(section, address: Self.address) }, debugFrames: { nil }))
    }

    @Test func rowsChangeAtTheirAddresses() {
        // push %rbp; mov %rsp, %rbp; …; pop %rbp; ret
        let frames = frames(section([0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x02, 0x50, 0x0c, 7, 8]))
        let rows = [0x4000, 0x4001, 0x4003, 0x4004, 0x4053, 0x4054].map { frames.row(at: $0) }
        #expect(rows.map(\.kind) == Array(repeating: .plain, count: 6))
        #expect(rows.map(\.frameRegister) == [7, 7, 7, 6, 6, 7])
        #expect(rows.map(\.frameOffset) == [8, 16, 16, 16, 16, 8])
        #expect(rows.map(\.rbp) == [UnwindRow.notSaved, -16, -16, -16, -16, -16])
        #expect(rows.allSatisfy { $0.rip == -8 })
        #expect(frames.row(at: 0x3fff).kind == .unknown)
        #expect(frames.row(at: 0x4100).kind == .unknown)
    }

    @Test func rulesAreRememberedAndRestored() {
        // Registers 3 and 12 are saved; then an early return; then the rest.
        let frames = frames(
            section([0x0e, 32, 0x83, 3, 0x8c, 2, 0x41, 0x0a, 0x0e, 8, 0xc3, 0x41, 0x0b, 0x41, 0x06, 12]))
        let rows = [0x4000, 0x4001, 0x4002, 0x4003].map { frames.row(at: $0) }
        #expect(rows.map(\.frameOffset) == [32, 8, 32, 32])
        #expect(rows.map(\.rbx) == [-24, UnwindRow.notSaved, -24, -24])
        #expect(rows.map(\.r12) == [-16, -16, -16, UnwindRow.notSaved])
    }

    @Test func theOutermostFunctionHasNoCaller() {
        #expect(frames(section([0x07, 16])).row(at: 0x4000).kind == .outermost)
    }

    @Test func signalFramesAreNoPlainRows() {
        let frames = frames(section([], letters: "zRS"))
        let row = frames.row(at: 0x4000)
        #expect(row.kind == .signalFrame)
        #expect(frames.rules(of: row) != nil)
    }

    /// A personality routine and a pointer to its data, as C++ has them, change nothing.
    @Test func personalitiesAreSkipped() {
        let frames = frames(section([], letters: "zPLR", data: [0x03, 1, 2, 3, 4, 0x1b, 0x04]))
        #expect(frames.row(at: 0x4000).kind == .plain)
    }

    @Test func aReturnAddressInARegister() throws {
        let frames = frames(section([0x09, 16, 8, 0x0e, 0]))
        let rules = try #require(frames.rules(of: frames.row(at: 0x4000)))
        var registers = RegisterValues(repeating: 0)
        registers[8] = 0x5555
        registers[RegisterNumber.rsp] = 0x7000
        let caller = try #require(rules.caller(of: registers) { _ in nil })
        #expect(caller[RegisterNumber.rip] == 0x5555)
        #expect(caller[RegisterNumber.rsp] == 0x7000)
    }

    /// Where a function has taken a register off the stack, its place is below the copy.
    @Test func whatWasTakenOffTheStackIsNotRead() throws {
        // The rule for rdi makes the row a complex one.
        let frames = frames(section([0x83, 3, 0x85, 3]))
        let rules = try #require(frames.rules(of: frames.row(at: 0x4000)))
        var registers = RegisterValues(repeating: 0)
        registers[3] = 33
        registers[RegisterNumber.rsp] = 0x7000
        let caller = try #require(rules.caller(of: registers) { $0 == 0x7000 ? 0x5555 : nil })
        #expect(caller[3] == 33)
        #expect(caller[RegisterNumber.rip] == 0x5555)
    }

    /// Restoring what was not remembered, an expression past the end, an unknown instruction, a CFA by
    /// a register that does not exist, an offset for an expression.
    @Test(
        arguments: [
            [0x0b], [0x0f, 0x7f, 1], [0x3f], [0x0c, 40, 8], [0x0f, 1, 0x30, 0x0e, 8], [0x0a, 0x0a, 0x04],
        ] as [[UInt8]])
    func malformedPrograms(_ program: [UInt8]) {
        #expect(frames(section(program)).row(at: 0x4000).kind == .malformed)
    }

    @Test func rulesAreNotRememberedWithoutEnd() {
        #expect(frames(section([UInt8](repeating: 0x0a, count: 1000))).row(at: 0x4000).kind == .malformed)
    }

    /// Every byte exchanged for others, and every length cut: no trap, and always an end. The same in every run.
    @Test func damagedSections() {
        let good = section([
            0x41, 0x0e, 16, 0x86, 2, 0x0a, 0x43, 0x0d, 6, 0x0b, 0x0f, 3, 0x77, 8, 0x06, 0x2e, 8,
        ])
        #expect(frames(good).row(at: 0x4010).kind == .complex)
        var kinds: Set<UInt8> = []
        for place in good.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff, good[place] ^ 1, good[place] &+ 4] as [UInt8] {
                var bad = good
                bad[place] = value
                kinds.insert(frames(bad).row(at: 0x4010).kind.rawValue)
            }
            kinds.insert(frames(Array(good[..<place])).row(at: 0x4010).kind.rawValue)
        }
        #expect(kinds.count >= 3)
    }

    @Test func manyAddresses() {
        let frames = frames(section([]))
        for round in 0..<2 {
            for address in 0..<5000 as Range<UInt64> {
                let expected: UnwindRow.Kind = address < 0x100 ? .plain : .unknown
                #expect(frames.row(at: 0x4000 + address).kind == expected, "round \(round)")
            }
        }
    }
}
