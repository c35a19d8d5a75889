// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import CallFrameInformation

@Suite struct ByteCursorTests {
    private func cursor(_ bytes: [UInt8], address: UInt64 = 0) -> ByteCursor {
        ByteCursor(SectionBytes(bytes, address: address), 0..<bytes.count)
    }

    @Test func numbersOfSevenBitsAByte() throws {
        var unsigned = cursor([0x7f, 0x80, 0x01, 0xe5, 0x8e, 0x26])
        #expect(try unsigned.takeULEB() == 127)
        #expect(try unsigned.takeULEB() == 128)
        #expect(try unsigned.takeULEB() == 624_485)
        var signed = cursor([0x7f, 0x3f, 0x40, 0x80, 0x7f, 0x9b, 0xf1, 0x59])
        #expect(try signed.takeSLEB() == -1)
        #expect(try signed.takeSLEB() == 63)
        #expect(try signed.takeSLEB() == -64)
        #expect(try signed.takeSLEB() == -128)
        #expect(try signed.takeSLEB() == -624_485)
    }

    @Test func numbersWithoutAnEndAreMalformed() {
        var endless = cursor([UInt8](repeating: 0xff, count: 100))
        #expect(throws: Malformed.self) { try endless.takeULEB() }
    }

    @Test func pointersAreRelativeToWhatTheirEncodingSays() throws {
        var fields = cursor([0xfc, 0xff, 0xff, 0xff, 0x10, 0, 0, 0, 0x20, 0], address: 0x1000)
        #expect(try fields.takePointer(0x1b) == 0xffc)
        #expect(try fields.takePointer(0x3b, dataBase: 0x500) == 0x510)
        #expect(try fields.takePointer(0x02) == 0x20)
        #expect(throws: Malformed.self) { try fields.takePointer(0x1b) }
    }

    @Test func nothingIsReadPastTheEnd() {
        var short = ByteCursor(SectionBytes([1, 2, 3, 4], address: 0), 0..<100)
        #expect(throws: Malformed.self) { try short.take(UInt64.self) }
        #expect(throws: Malformed.self) { try short.skip(5) }
        #expect(throws: Malformed.self) { try short.skip(.max) }
    }
}
