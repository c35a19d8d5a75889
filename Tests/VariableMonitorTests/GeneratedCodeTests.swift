// SPDX-License-Identifier: Apache-2.0

import Testing

/// What the optimiser makes of stores, on x86-64. A value that is never in memory is never seen by
/// a tick; one that costs more than a plain store is left out of hot loops.
@Suite("In optimised code")
struct GeneratedCodeTests {
    private func instructions(of name: String, in source: String) throws -> [String] {
        let functions = try optimise(source).filter { $0.name.contains("\(name.count)\(name)") }
        try #require(functions.count == 1, "\(functions.map(\.name))")
        return functions[0].instructions
    }

    @Test(
        "a store to a cell is one mov, and one more finds the cell's memory",
        arguments: [
            ("Int8", "movb"), ("UInt8", "movb"), ("Int16", "movw"), ("UInt16", "movw"),
            ("Int32", "movl"), ("UInt32", "movl"), ("Int64", "movq"), ("UInt64", "movq"),
            ("Int", "movq"), ("UInt", "movq"), ("Float", "movss"), ("Double", "movsd"),
        ])
    func oneStore(type: String, store: String) throws {
        let found = try instructions(
            of: "storeValue",
            in: """
                public func storeValue(_ cell: Watched<\(type)>, _ value: \(type)) { cell.value = value }
                """)
        try #require(found.count == 3, "\(found)")
        #expect(found[0].hasPrefix("movq\t16(%rdi), "), "where the memory is")
        #expect(found[1].hasPrefix("\(store)\t"))
        #expect(found[2] == "retq")
    }

    @Test("a loop that stores to a cell stores each time, with one mov")
    func loop() throws {
        let found = try instructions(
            of: "storeAll",
            in: """
                public func storeAll(_ cell: Watched<Int>, _ count: Int) {
                    for number in 0..<count { cell.value = number &* 3 }
                }
                """)
        let (start, end) = try #require(loopBounds(of: found), "\(found)")
        let body = found[start..<end]
        #expect(body.count { $0.hasSuffix("(%rax)") } == 1, "\(body)")
        // The store, the next value, the count, and the jump back.
        #expect(body.count == 4, "\(body)")
    }

    @Test("no store to a cell is dropped because another follows")
    func twice() throws {
        let found = try instructions(
            of: "storeTwice",
            in: "public func storeTwice(_ cell: Watched<Int>) { cell.value = 1; cell.value = 2 }")
        #expect(found.contains("movq\t$1, (%rax)") && found.contains("movq\t$2, (%rax)"), "\(found)")
    }

    @Test("a sum is one locked instruction")
    func sum() throws {
        let found = try instructions(
            of: "count", in: "public func count(_ cell: Watched<Int>) { cell.add(5) }")
        #expect(found.count { $0.hasPrefix("lock") } == 1, "\(found)")
        #expect(!found.contains { $0.hasPrefix("call") }, "\(found)")
    }

    /// The surprise that cells are there for; README.md and the documentation tell of it.
    @Test("a loop that stores to a plain global is one store after it")
    func plainGlobal() throws {
        let found = try instructions(
            of: "storeAll",
            in: """
                nonisolated(unsafe) var temp = 0
                public func storeAll(_ count: Int) {
                    for number in 0..<count { temp = number &* 3 }
                }
                """)
        #expect(loopBounds(of: found) == nil, "\(found)")
        #expect(found.count { $0.contains(/^mov.*temp.*\(%rip\)$/) } == 1, "\(found)")
    }

    /// From behind a label to the jump back to it.
    private func loopBounds(of instructions: [String]) -> (start: Int, end: Int)? {
        for (start, label) in instructions.enumerated() where label.hasPrefix(".LBB") {
            let jump = instructions[start...].lastIndex {
                $0.hasPrefix("j") && $0.hasSuffix("\t\(label.dropLast())")
            }
            if let jump { return (start + 1, jump + 1) }
        }
        return nil
    }
}
