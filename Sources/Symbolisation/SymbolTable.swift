// SPDX-License-Identifier: Apache-2.0

/// What lies at which addresses: many ranges, sorted, 16 bytes each.
///
/// It knows no names. Each entry has a number, by which whoever made it finds the rest, and that is
/// done only for what is looked up: of 300,000 symbols a report prints a few hundred.
struct SymbolTable {
    struct Entry {
        let start: UInt64
        /// Of one without a size of its own, the bytes to the end of its section.
        let length: UInt32
        private let bits: UInt32

        /// - Parameter number: below 2³¹.
        init(start: UInt64, length: UInt64, hasSize: Bool, number: Int) {
            self.start = start
            self.length = UInt32(clamping: length)
            bits = UInt32(truncatingIfNeeded: number) << 1 | (hasSize ? 1 : 0)
        }

        var number: Int { Int(bits >> 1) }
        /// Without a size, it goes on to the next that begins behind it.
        var hasSize: Bool { bits & 1 != 0 }

        /// First address behind it, if no other comes before.
        var end: UInt64 {
            let (end, overflow) = start.addingReportingOverflow(UInt64(length))
            return overflow ? .max : end
        }
    }

    private var entries: [Entry]
    /// The highest end of the first 32 entries, of the first 64, and so on: tells when looking back
    /// is of no use.
    private var reach: [UInt64] = []

    private static let block = 32
    /// Functions that begin in front of an address and behind the one that holds it. There are few
    /// in real files; in made-up ones there can be any number.
    private static let lookBackMax = 1024

    init(_ unsorted: [Entry]) {
        entries = unsorted
        sortByStart()
        var highest: UInt64 = 0
        reach.reserveCapacity(entries.count / Self.block + 1)
        for index in entries.indices {
            highest = max(highest, entries[index].end)
            if index % Self.block == Self.block - 1 { reach.append(highest) }
        }
        reach.append(highest)
    }

    var isEmpty: Bool { entries.isEmpty }

    /// All that begin where the innermost range begins that holds an address.
    ///
    /// - Parameter choose: which of several is to be taken; its end decides.
    /// - Complexity: O(log *n*), and O(*m*) where ranges lie in one another.
    func entry(containing address: UInt64, _ choose: (ArraySlice<Entry>) -> Entry) -> Entry? {
        var groupEnd = firstIndex(behind: address)
        var nextStart = groupEnd < entries.count ? entries[groupEnd].start : .max
        for _ in 0..<Self.lookBackMax {
            guard groupEnd > 0, reach[(groupEnd - 1) / Self.block] > address else { return nil }
            let start = entries[groupEnd - 1].start
            var group = groupEnd - 1
            var holdsAddress = false
            while true {
                let entry = entries[group]
                holdsAddress = holdsAddress || address < entry.end && (entry.hasSize || address < nextStart)
                guard group > 0, entries[group - 1].start == start else { break }
                group -= 1
            }
            if holdsAddress {
                let entry = groupEnd - group == 1 ? entries[group] : choose(entries[group..<groupEnd])
                if address < entry.end, entry.hasSize || address < nextStart { return entry }
            }
            groupEnd = group
            nextStart = start
        }
        return nil
    }

    /// The first entry that begins behind an address.
    private func firstIndex(behind address: UInt64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low &+ high) >> 1
            if entries[middle].start <= address { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// A radix sort, which keeps the order of those with one start: 11 bits of the start at a time.
    ///
    /// Symbols of a linked file begin within a few hundred MB of each other, which makes three rounds
    /// that cost some ns an entry each; comparing would take ten times as long.
    private mutating func sortByStart() {
        guard let lowest = entries.lazy.map(\.start).min(), let highest = entries.lazy.map(\.start).max() else { return }
        let isSorted = zip(entries, entries.dropFirst()).allSatisfy { $0.start <= $1.start }
        if isSorted { return }
        let digitBits: UInt64 = 11
        let mask: UInt64 = 1 << digitBits - 1
        var sorted = entries
        var shift: UInt64 = 0
        while shift < 64, (highest - lowest) >> shift != 0 {
            var positions = [Int](repeating: 0, count: 1 << Int(digitBits))
            for entry in entries { positions[Int((entry.start &- lowest) >> shift & mask)] += 1 }
            var position = 0
            for digit in positions.indices {
                let count = positions[digit]
                positions[digit] = position
                position += count
            }
            for entry in entries {
                let digit = Int((entry.start &- lowest) >> shift & mask)
                sorted[positions[digit]] = entry
                positions[digit] += 1
            }
            swap(&entries, &sorted)
            shift += digitBits
        }
    }
}
