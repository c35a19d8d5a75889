// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import DumpRecords

@Suite struct StackCopyTests {
    /// Three pages touched: 16 bytes of the first, all of the second, 8 of the third.
    private func copy(missing: UInt32) throws -> StackCopy {
        let bytes = (0..<(16 + 4096 + 8)).map { UInt8(truncatingIfNeeded: $0 / 8) }
        return try StackCopy(start: 0x7000_0ff0, missingPages: missing, bytes: bytes[...])
    }

    @Test func firstAndLastWordAreThere() throws {
        let copy = try copy(missing: 0)
        #expect(copy.word(at: 0x7000_0ff0) == 0)
        #expect(copy.word(at: 0x7000_0ff8) == 0x0101_0101_0101_0101)
        #expect(copy.word(at: 0x7000_2000) == 0x0202_0202_0202_0202)
    }

    @Test func nothingOutsideIsThere() throws {
        let copy = try copy(missing: 0)
        for address: UInt64 in [0x7000_0fef, 0x7000_2001, 0x7000_2008, 0, .max, .max - 7] {
            #expect(copy.word(at: address) == nil, "\(address)")
        }
    }

    /// A page that could not be read is zero in the copy, which is not what was there.
    @Test func holesAreNotRead() throws {
        let copy = try copy(missing: 0b010)
        #expect(copy.word(at: 0x7000_0ff8) != nil)
        #expect(copy.word(at: 0x7000_0ffc) == nil, "its second half is in the hole")
        #expect(copy.word(at: 0x7000_1000) == nil)
        #expect(copy.word(at: 0x7000_1ff8) == nil)
        #expect(copy.word(at: 0x7000_2000) != nil)
    }

    @Test func tooShortForAWord() throws {
        let copy = try StackCopy(start: 8, missingPages: 0, bytes: [1, 2, 3, 4])
        #expect(copy.word(at: 8) == nil)
    }
}
