// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Testing

@testable import Reports

@Suite struct EncodingTests {
    private func json(_ write: (inout ReportBuffer) -> Void) -> String {
        var output = ReportBuffer()
        output.object(nil, write)
        return String(decoding: output.bytes, as: UTF8.self)
    }

    @Test func stringsAreEscaped() {
        #expect(json { $0.string("a", "\"\\\n\u{7f}é\u{0}") } == #"{"a":"\"\\\u000a\u007fé\u0000"}"#)
    }

    @Test func bytesThatAreNoUTF8AreBase64() {
        #expect(json { $0.text("a", RawText([0x61, 0xff][...])) } == #"{"a":{"base64":"Yf8="}}"#)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func base64(text: String, encoded: String) {
        #expect(json { $0.base64("a", Array(text.utf8)) } == "{\"a\":\"\(encoded)\"}")
    }

    @Test func commasComeBetweenValues() {
        let text = json {
            $0.array("empty", [Int]()) { $1.element($0) }
            $0.array("numbers", [1, -2]) { $1.element($0) }
            $0.object("object") { $0.flag("flag", true) }
            $0.string("string", "[")
            $0.null("null")
            $0.count("count", .max)
            $0.address("address", 0xab)
        }
        #expect(
            text
                == #"{"empty":[],"numbers":[1,-2],"object":{"flag":true},"string":"[","null":null,"count":"18446744073709551615","address":"0xab"}"#
        )
    }

    /// Bytes as the encoding's own documentation gives them.
    @Test func protobufFields() {
        var writer = ProtobufWriter()
        writer.write(1, 150 as UInt64)
        writer.write(2, "testing")
        writer.write(3) { $0.write(1, 150 as UInt64) }
        writer.write(6, [3, 270, 86942])
        writer.write(7, 0 as UInt64)
        #expect(
            writer.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8) + [
                0x1a, 0x03, 0x08, 0x96, 0x01,
            ]
                + [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05])
    }

    /// More than one piece of output, and nothing at all.
    @Test(arguments: [0, 1, 300_000]) func gzipHasHeaderAndLength(count: Int) throws {
        var state: UInt32 = 1
        let bytes = (0..<count).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        let file = try #require(gzipped(bytes))
        #expect(file.starts(with: [0x1f, 0x8b, 0x08]))
        let length = file.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length == count)
    }
}
