// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Symbolisation

@Suite struct SymbolTableTests {
    private func range(_ start: UInt64, _ end: UInt64, hasSize: Bool = true, number: Int) -> SymbolRange {
        SymbolRange(start: start, length: end - start, hasSize: hasSize, namePlace: UInt32(number))
    }

    /// Ranges in an array, in place of a file that may be written to.
    private final class Ranges: SymbolRanges {
        var all: [SymbolRange?]
        /// How many were read.
        private(set) var reads = 0
        let count: Int

        init(_ all: [SymbolRange?]) {
            self.all = all
            count = all.count
        }

        subscript(number: Int) -> SymbolRange? {
            reads += 1
            return number < all.count ? all[number] : nil
        }
    }

    /// Expects of many look-ups that each is right, and that all take less than a minute: of the thread's processor
    /// time, as a time limit of the test would count what the tests beside it take as well.
    private func expectWithinAMinute(_ count: UInt64, _ lookUpIsRight: (UInt64) -> Bool) {
        func processorSeconds() -> Int {
            var time = timespec()
            unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return time.tv_sec
        }
        let end = processorSeconds() + 60
        for number in 0..<count {
            guard lookUpIsRight(number), processorSeconds() < end else {
                Issue.record("look-up \(number) is wrong, or too late")
                return
            }
        }
    }

    private struct Table {
        let ranges: Ranges
        var table: SymbolTable<Ranges>

        init(_ all: [SymbolRange?], in addresses: ClosedRange<UInt64>? = nil) {
            let starts = all.compactMap { $0?.start }
            ranges = Ranges(all)
            table = SymbolTable(ranges, in: addresses ?? (starts.min() ?? 0)...(starts.max() ?? 0))
        }

        /// Of several at one address, the one with the highest number.
        mutating func number(at address: UInt64) -> Int? {
            table.range(containing: address) { $0.max { $0.namePlace < $1.namePlace }! }.map {
                Int($0.namePlace)
            }
        }
    }

    @Test func sizesAreRespected() {
        var table = Table([range(0x20, 0x28, number: 2), range(0x10, 0x18, number: 1)])
        #expect(
            [0x0f, 0x10, 0x17, 0x18, 0x1f, 0x20, 0x27, 0x28].map { table.number(at: $0) } == [
                nil, 1, 1, nil, nil, 2, 2, nil,
            ])
    }

    /// Assembly code has symbols without a size: they go on to the next, or to the end of the section.
    @Test func withoutASize() {
        var table = Table([
            range(0x10, 0x40, hasSize: false, number: 1), range(0x20, 0x40, hasSize: false, number: 2),
        ])
        #expect([0x1f, 0x20, 0x3f, 0x40].map { table.number(at: $0) } == [1, 2, 2, nil])
    }

    @Test func theInnermostIsFound() {
        var table = Table([
            range(0x10, 0x80, number: 1), range(0x20, 0x28, number: 2), range(0x30, 0x38, number: 3),
        ])
        #expect(
            [0x1f, 0x20, 0x28, 0x35, 0x40, 0x7f, 0x80].map { table.number(at: $0) } == [
                1, 2, 1, 3, 1, 1, nil,
            ])
    }

    /// The end of the one that is chosen decides, not that of another.
    @Test func oneOfSeveralIsChosen() {
        var table = Table([
            range(0x10, 0x18, number: 1), range(0x10, 0x14, number: 3), range(0x10, 0x20, number: 2),
            range(0x00, 0x30, number: 0),
        ])
        #expect([0x10, 0x13, 0x14, 0x1f].map { table.number(at: $0) } == [3, 3, 0, 0])
    }

    /// Every address of a made-up file, against a search through all ranges. Addresses lie far apart, and
    /// in the last files not where the table was told.
    @Test func likeASearchThroughAll() {
        var state: UInt64 = 20_240_229
        func random(below bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for told in [nil, nil, 1 << 61 | 1 << 30...1 << 61 | 1 << 30 + 99, 5...5] as [ClosedRange<UInt64>?] {
            let ranges = (0..<300).map { number in
                let start = random(below: 4) << 61 | random(below: 3) << 30 | random(below: 200)
                return range(start, start + 1 + random(below: 20), number: number)
            }
            var table = Table(ranges, in: told)
            // The last number of each start decides; of those that reach an address, the nearest start.
            let chosen = Dictionary(grouping: ranges, by: \.start).values.map { $0[$0.count - 1] }
            for range in ranges {
                for address in [range.start &- 1, range.start, range.end &- 1, range.end] {
                    let expected = chosen.filter { $0.start <= address && address < $0.end }
                        .max { $0.start < $1.start }
                    #expect(table.number(at: address) == expected.map { Int($0.namePlace) })
                }
            }
        }
    }

    /// No function is longer than 256 MB; nothing goes around the end of all numbers.
    @Test func longLengths() {
        var table = Table([
            range(1, 1 << 50, number: 1),
            SymbolRange(start: .max - 1, length: .max, hasSize: true, namePlace: 2),
        ])
        let last: UInt64 = 1 << 28 - 1
        #expect(
            [0, 1, last, last + 1, .max - 1, .max].map { table.number(at: $0) } == [nil, 1, 1, nil, 2, nil])
    }

    /// What most look-ups cost: one range is read.
    @Test func oneRead() {
        var table = Table((0..<1000).map { range(UInt64($0) * 100, UInt64($0) * 100 + 90, number: $0) })
        #expect(table.ranges.reads == 1000)
        for number in 0..<100 { #expect(table.number(at: UInt64(number) * 1000 + 50) == number * 10) }
        #expect(table.ranges.reads == 1100)
        #expect(table.number(at: 95) == nil)
    }

    /// Those that are no ranges take no place.
    @Test func others() {
        var table = Table([nil, range(0x10, 0x18, number: 1), nil, nil, range(0x20, 0x28, number: 4)])
        #expect([0x17, 0x18, 0x27].map { table.number(at: $0) } == [1, nil, 4])
        #expect(Table([nil, nil]).table.isEmpty)
    }

    /// Of several at one address those with a size come first, whatever else is said for the others.
    @Test func ranks() {
        let ranks = [(false, 0), (false, 7), (true, 0), (true, 7)].map { hasSize, preference in
            SymbolRange(start: 0, length: .max, hasSize: hasSize, preference: preference, namePlace: 0)
                .rank
        }
        #expect(ranks == ranks.sorted() && Set(ranks).count == 4)
    }

    /// Functions that begin in front of an address may be many, and a search does not go on for ever.
    @Test func aBoundedSearch() {
        let small = (1..<5000).map { range(UInt64($0), UInt64($0 + 1), number: $0) }
        var table = Table(small + [range(0, 10000, number: 0)])
        #expect(table.number(at: 100) == 100)
        #expect(table.number(at: 5500) == nil)
    }

    /// A file may be written to at any time: what has stayed is found, and nothing at an address where it is not.
    @Test func rangesThatChange() {
        let first = (0..<100).map { range(UInt64($0) * 10, UInt64($0) * 10 + 5, number: $0) }
        let second = (0..<100).map { range(UInt64($0) * 10 % 500, UInt64($0) * 10 % 500 + 5, number: $0) }
        let lengthless = (0..<100).map { range(UInt64($0) * 10, 1000, hasSize: false, number: $0) }
        for (one, other) in [(first, second), (second, first), (lengthless, second), (first, [])] {
            var table = Table(one, in: 0...1000)
            table.ranges.all = other
            for address in 0..<1000 as Range<UInt64> {
                let found = table.table.range(containing: address) { $0.last! }
                #expect(found.map { $0.start <= address && address < $0.end } ?? true)
                if address < 500, address % 10 == 0, !other.isEmpty { #expect(found?.start == address) }
            }
        }
    }

    /// Between what lies at the two ends of a large table there are many parts, all of them empty, and none of them
    /// is looked at: these look-ups would take minutes.
    @Test func farApart() {
        let last: UInt64 = 1 << 28 - 1
        let none = [SymbolRange?](repeating: nil, count: 1 << 20)
        var table = Table(
            none + [range(0, last, number: 1), range(last - 1, last, hasSize: false, number: 2)], in: 0...last
        )
        expectWithinAMinute(100_000) { table.number(at: last / 2 + $0) == 1 }
        #expect([1, last - 2, last - 1].map { table.number(at: $0) } == [1, 1, 2])
        // The first ends where the second begins, which holds nothing.
        var gap = Table(
            none + [range(0, last, hasSize: false, number: 1), range(32, 33, number: 2)], in: 0...last)
        expectWithinAMinute(100_000) { gap.number(at: last / 2 + $0) == nil }
        #expect([31, 32, 33].map { gap.number(at: $0) } == [1, 2, nil])
    }

    /// Thousands of symbols may be one function, in front of an address of another that holds it.
    @Test func manyAtOneStart() {
        let many = (0..<200_000).map { range(0x100, 0x110, number: $0) }
        var table = SymbolTable(Ranges([range(0, 0x1000, number: 7)] + many), in: 0...0x1000)
        expectWithinAMinute(200_000) {
            table.range(containing: 0x110 + $0 % 0xef0) { $0[$0.startIndex] }?.namePlace == 7
        }
    }

    /// As above, with starts that lie in parts and steps of their own or share them, and every fourth without a size.
    @Test func likeASearchThroughAllSpread() {
        var state: UInt64 = 19_991_231
        func random(below bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for spread in [1 << 10, 1 << 14, 1 << 20] as [UInt64] {
            let ranges = (0..<300).map { number in
                let start = 0x40_0000 + random(below: spread)
                let hasSize = !number.isMultiple(of: 4)
                return range(start, start + 1 + random(below: spread / 50), hasSize: hasSize, number: number)
            }
            var table = Table(ranges)
            let chosen = Dictionary(grouping: ranges, by: \.start).values.map { $0[$0.count - 1] }
                .sorted { $0.start < $1.start }
            for address in stride(
                from: 0x40_0000 - 2, to: 0x40_0000 + spread + spread / 40, by: 1 + Int(spread) / 4000)
            {
                let nearest = chosen.last { $0.start <= address }
                let expected = chosen.last {
                    $0.start <= address && address < $0.end && ($0.hasSize || $0.start == nearest?.start)
                }
                #expect(table.number(at: address) == expected.map { Int($0.namePlace) })
            }
        }
    }

    @Test func emptyTables() {
        var table = Table([])
        #expect(table.table.isEmpty && table.number(at: 0) == nil)
    }
}
