// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Symbolisation

@Suite struct SymbolTableTests {
    private func entry(_ start: UInt64, _ end: UInt64, hasSize: Bool = true, number: Int) -> SymbolTable.Entry
    {
        SymbolTable.Entry(start: start, length: end - start, hasSize: hasSize, number: UInt32(number))
    }

    private struct Table {
        var table: SymbolTable

        init(_ entries: [SymbolTable.Entry], in addresses: ClosedRange<UInt64>? = nil) {
            let starts = entries.map(\.start)
            let range = addresses ?? (starts.min() ?? 0)...(starts.max() ?? 0)
            table = SymbolTable(count: entries.count, in: range) { entries.forEach($0) }
        }

        /// Of several at one address, the one with the highest number.
        mutating func number(at address: UInt64) -> Int? {
            table.entry(containing: address) { $0.max { $0.number < $1.number }! }.map { Int($0.number) }
        }
    }

    @Test func sizesAreRespected() {
        var table = Table([entry(0x20, 0x28, number: 2), entry(0x10, 0x18, number: 1)])
        #expect(
            [0x0f, 0x10, 0x17, 0x18, 0x1f, 0x20, 0x27, 0x28].map { table.number(at: $0) } == [
                nil, 1, 1, nil, nil, 2, 2, nil,
            ])
    }

    /// Assembly code has symbols without a size: they go on to the next, or to the end of the section.
    @Test func withoutASize() {
        var table = Table([
            entry(0x10, 0x40, hasSize: false, number: 1), entry(0x20, 0x40, hasSize: false, number: 2),
        ])
        #expect([0x1f, 0x20, 0x3f, 0x40].map { table.number(at: $0) } == [1, 2, 2, nil])
    }

    @Test func theInnermostIsFound() {
        var table = Table([
            entry(0x10, 0x80, number: 1), entry(0x20, 0x28, number: 2), entry(0x30, 0x38, number: 3),
        ])
        #expect(
            [0x1f, 0x20, 0x28, 0x35, 0x40, 0x7f, 0x80].map { table.number(at: $0) } == [
                1, 2, 1, 3, 1, 1, nil,
            ])
    }

    /// The end of the one that is chosen decides, not that of another.
    @Test func oneOfSeveralIsChosen() {
        var table = Table([
            entry(0x10, 0x18, number: 1), entry(0x10, 0x14, number: 3), entry(0x10, 0x20, number: 2),
            entry(0x00, 0x30, number: 0),
        ])
        #expect([0x10, 0x13, 0x14, 0x1f].map { table.number(at: $0) } == [3, 3, 0, 0])
    }

    /// Every address of a made-up file, against a search through all entries. Addresses lie far apart, and
    /// in the last files not where the table was told.
    @Test func likeASearchThroughAll() {
        var state: UInt64 = 20_240_229
        func random(below bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for told in [nil, nil, 1 << 61 | 1 << 30...1 << 61 | 1 << 30 + 99, 5...5] as [ClosedRange<UInt64>?] {
            let entries = (0..<300).map { number in
                let start = random(below: 4) << 61 | random(below: 3) << 30 | random(below: 200)
                return entry(start, start + 1 + random(below: 20), number: number)
            }
            var table = Table(entries, in: told)
            // The last number of each start decides; of those that reach an address, the nearest start.
            let chosen = Dictionary(grouping: entries, by: \.start).values.map { $0[$0.count - 1] }
            for entry in entries {
                for address in [entry.start &- 1, entry.start, entry.end &- 1, entry.end] {
                    let expected = chosen.filter { $0.start <= address && address < $0.end }
                        .max { $0.start < $1.start }
                    #expect(table.number(at: address) == expected.map { Int($0.number) })
                }
            }
        }
    }

    /// Lengths are kept in 28 bits; a longer one is cut.
    @Test func longLengths() {
        var table = Table([entry(1, 1 << 50, number: 1), entry(.max - 1, .max, number: 2)])
        let last: UInt64 = 1 << 28 - 1
        #expect(
            [0, 1, last, last + 1, .max - 1, .max].map { table.number(at: $0) } == [nil, 1, 1, nil, 2, nil])
    }

    /// Of several at one address those with a size come first, whatever else is said for the others.
    @Test func ranks() {
        let ranks = [(false, 0), (false, 7), (true, 0), (true, 7)].map { hasSize, preference in
            SymbolTable.Entry(start: 0, length: .max, hasSize: hasSize, preference: preference, number: 0)
                .rank
        }
        #expect(ranks == ranks.sorted() && Set(ranks).count == 4)
    }

    /// Functions that begin in front of an address may be many, and a search does not go on for ever.
    @Test func aBoundedSearch() {
        let small = (1..<5000).map { entry(UInt64($0), UInt64($0 + 1), number: $0) }
        var table = Table(small + [entry(0, 10000, number: 0)])
        #expect(table.number(at: 100) == 100)
        #expect(table.number(at: 5500) == nil)
    }

    /// A file may be written to between the two passes: what was there twice is found, and nothing else.
    @Test func entriesThatChange() {
        let first = (0..<100).map { entry(UInt64($0) * 10, UInt64($0) * 10 + 5, number: $0) }
        let second = (0..<300).map { entry(UInt64($0) * 10 % 500, UInt64($0) * 10 % 500 + 5, number: $0) }
        for (one, other) in [(first, second), (second, first), (first, []), ([], first)] {
            var pass = 0
            var table = SymbolTable(count: 100, in: 0...1000) { body in
                (pass == 0 ? one : other).forEach(body)
                pass += 1
            }
            for address in stride(from: 0 as UInt64, to: 1000, by: 5) {
                let found = table.entry(containing: address) { $0.last! }
                #expect(found.map { $0.start <= address && address < $0.end } ?? true)
                // What is missing takes its room as a range of nothing at 0.
                if (1..<500).contains(address), address % 10 == 0, !one.isEmpty, !other.isEmpty {
                    #expect(found?.start == address)
                }
            }
        }
    }

    /// Between what lies at the two ends of a large table there are many parts, and all of them empty.
    @Test func farApart() {
        let last: UInt64 = 1 << 28 - 1
        var table = SymbolTable(count: 1 << 24, in: 0...last) {
            $0(entry(0, last, number: 1))
            $0(entry(last - 1, last, hasSize: false, number: 2))
        }
        #expect(
            [1, last / 2, last - 2].allSatisfy { address in
                table.entry(containing: address) { $0.last! }?.number == 1
            })
        #expect(table.entry(containing: last - 1) { $0.last! }?.number == 2)
    }

    @Test func emptyTables() {
        var table = Table([])
        #expect(table.table.isEmpty && table.number(at: 0) == nil)
    }
}
