// SPDX-License-Identifier: Apache-2.0
import Testing
import VariableLookup

@Suite struct ScalarTypeTests {
    @Test func names() {
        #expect(
            ScalarType.all.map(\.description) == [
                "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double",
            ])
        for type in ScalarType.all { #expect(ScalarType(type.description) == type) }
        #expect(ScalarType("int") == nil)
        #expect(ScalarType("") == nil)
        #expect(ScalarType(.real, byteCount: 2) == nil)
        #expect(ScalarType(.signed, byteCount: 3) == nil)
    }

    /// The least and the greatest value of each type are taken, and the next ones are not.
    @Test func edgesOfIntegers() throws {
        for (name, least, below, greatest, above) in [
            ("int8", "-128", "-129", "127", "128"), ("uint8", "0", "-1", "255", "256"),
            ("int16", "-32768", "-32769", "32767", "32768"), ("uint16", "0", "-1", "65535", "65536"),
            ("int32", "-2147483648", "-2147483649", "2147483647", "2147483648"),
            ("uint32", "0", "-1", "4294967295", "4294967296"),
            (
                "int64", "-9223372036854775808", "-9223372036854775809", "9223372036854775807",
                "9223372036854775808"
            ),
            ("uint64", "0", "-1", "18446744073709551615", "18446744073709551616"),
        ] {
            let type = try #require(ScalarType(name))
            for text in [least, greatest] {
                let bits = try #require(type.bits(of: text))
                #expect(type.text(ofBits: bits) == text)
            }
            #expect(type.bits(of: below) == nil)
            #expect(type.bits(of: above) == nil)
        }
    }

    @Test func twosComplement() {
        #expect(ScalarType("int8")?.bits(of: "-1") == .max)
        #expect(ScalarType("uint8")?.bits(of: "0xFf") == 255)
        #expect(ScalarType("int32")?.bits(of: "-0x10") == 0 &- 16)
        #expect(ScalarType("uint32")?.bits(of: "-0") == 0)
        // What lies behind the variable is none of its value.
        #expect(ScalarType("int16")?.text(ofBits: 0x1234_fffe) == "-2")
        #expect(ScalarType("uint8")?.text(ofBits: 0x1ff) == "255")
    }

    @Test(arguments: ["", "-", "+", "0x", "1.5", "1e3", "--1", "+-1", "0x-1", "1 ", "a", "0b1", "１"])
    func noInteger(text: String) {
        for type in ScalarType.all where type.kind != .real { #expect(type.bits(of: text) == nil) }
    }

    @Test func reals() {
        #expect(ScalarType("float")?.bits(of: "0.1") == UInt64(Float(0.1).bitPattern))
        #expect(ScalarType("double")?.bits(of: "-0.1") == (-0.1).bitPattern)
        #expect(ScalarType("float")?.bits(of: "inf") == UInt64(Float.infinity.bitPattern))
        // It would be infinite.
        #expect(ScalarType("float")?.bits(of: "1e39") == nil)
        #expect(ScalarType("double")?.bits(of: "nan") == nil)
        #expect(ScalarType("double")?.bits(of: "much") == nil)
        #expect(ScalarType("float")?.text(ofBits: UInt64(Float(2.5).bitPattern) | 1 << 40) == "2.5")
        #expect(ScalarType("double")?.text(ofBits: 0.5.bitPattern) == "0.5")
    }
}
