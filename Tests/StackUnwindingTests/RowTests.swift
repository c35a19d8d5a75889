// SPDX-License-Identifier: Apache-2.0
import CallFrameInformation
import Testing

@testable import Symbolisation

/// The rows of whole libraries, against what readelf prints of them.
@Suite struct RowTests {
    /// The first column is the address, the second the CFA, and the rest are registers, as a line above says.
    @Test(arguments: ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"])
    func sameAsReadelf(_ path: String) throws {
        // It finds fault with some files, and prints them all the same.
        let text = try ChildProcess.output(of: [
            "sh", "-c", "readelf --wide --debug-dump=frames-interp \(path) || :",
        ])
        let bytes = try #require(FileBytes(path: Array(path.utf8)))
        let frames = try #require(ElfFile(bytes)).callFrames
        var columns: [Substring] = []
        var isEntry = false
        var (plain, complex) = (0, 0)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.first == "LOC" {
                columns = fields
            } else if fields.contains("FDE") || fields.contains("CIE") {
                isEntry = fields.contains("FDE")
                columns = []
            } else if isEntry, !columns.isEmpty, fields.count == columns.count,
                let address = UInt64(fields[0], radix: 16)
            {
                let row = frames.row(at: address)
                let saved = zip(columns, fields).dropFirst(2)
                if row.kind == .plain {
                    plain += 1
                    #expect("\(fields[1])" == Self.frameAddress(of: row), "\(line)")
                    for (column, rule) in saved where rule != "u" {
                        #expect(rule == Self.rule(column, of: row), "\(column) in \(line)")
                    }
                } else {
                    complex += 1
                    // An expression, a signal frame, or no caller.
                    #expect(row.kind != .unknown && row.kind != .malformed, "\(row.kind): \(line)")
                }
            }
        }
        #expect(plain > 10_000)
        #expect(complex * 50 < plain, "\(complex) of \(plain) rows are not plain")
    }

    private static func frameAddress(of row: UnwindRow) -> String {
        let names = [
            "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13",
            "r14",
            "r15",
        ]
        return names[Int(row.frameRegister)] + (row.frameOffset < 0 ? "" : "+") + "\(row.frameOffset)"
    }

    private static func rule(_ column: Substring, of row: UnwindRow) -> String {
        let offset: Int16? =
            switch column {
            case "ra": row.rip
            case "rbp": row.rbp
            case "rbx": row.rbx
            case "r12": row.r12
            case "r13": row.r13
            case "r14": row.r14
            case "r15": row.r15
            default: nil
            }
        guard let offset else { return "no such column" }
        return offset == UnwindRow.notSaved ? "u" : "c" + (offset < 0 ? "" : "+") + "\(offset)"
    }
}
