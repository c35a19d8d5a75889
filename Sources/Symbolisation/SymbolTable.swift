// SPDX-License-Identifier: Apache-2.0

/// What lies at which addresses: many ranges, sorted, 16 bytes each.
///
/// It knows no names. Each entry has a number, by which whoever made it finds the name, and that is
/// done only for what is looked up: of 300,000 symbols a report prints a few hundred.
struct SymbolTable {
    struct Entry {
        let start: UInt64
        /// By which whoever made it finds its name.
        let number: UInt32
        private let bits: UInt32

        /// No function is longer; what is cut off a range without a size of its own is nobody's.
        static let lengthMax: UInt32 = 1 << 28 - 1

        /// - Parameters:
        ///   - length: more than ``lengthMax`` is cut. Of one without a size, the bytes to the end of its section.
        ///   - preference: below 8; higher is better where several begin at one address.
        init(start: UInt64, length: UInt64, hasSize: Bool, preference: UInt8 = 0, number: UInt32) {
            self.start = start
            self.number = number
            bits =
                min(UInt32(clamping: length), Self.lengthMax) << 4 | (hasSize ? 8 : 0)
                | UInt32(preference & 7)
        }

        /// Without a size, it goes on to the next that begins behind it.
        var hasSize: Bool { bits & 8 != 0 }

        /// Which of several that begin at one address is best: the highest. Those with a size come before all others.
        var rank: UInt8 { UInt8(bits & 15) }

        /// First address behind it, if no other comes before.
        var end: UInt64 {
            let (end, overflow) = start.addingReportingOverflow(UInt64(bits >> 4))
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
        guard var lowest = entries.first?.start else { return }
        var highest = lowest
        var previous = lowest
        var isSorted = true
        for entry in entries {
            lowest = min(lowest, entry.start)
            highest = max(highest, entry.start)
            isSorted = isSorted && previous <= entry.start
            previous = entry.start
        }
        if isSorted { return }
        let digitBits = 11
        let digitCount = 1 << digitBits
        let rounds = (UInt64.bitWidth - (highest - lowest).leadingZeroBitCount + digitBits - 1) / digitBits
        func digit(_ entry: Entry, _ round: Int) -> Int {
            Int(truncatingIfNeeded: (entry.start &- lowest) >> UInt64(round &* digitBits)) & (digitCount &- 1)
        }

        // How many have each digit, which no round changes: all in one go.
        var positions = [UInt32](repeating: 0, count: rounds * digitCount)
        for entry in entries {
            for round in 0..<rounds { positions[round &* digitCount &+ digit(entry, round)] &+= 1 }
        }
        var sorted = entries
        for round in 0..<rounds {
            let first = round * digitCount
            var position: UInt32 = 0
            for place in first..<first + digitCount {
                let count = positions[place]
                positions[place] = position
                position += count
            }
            for entry in entries {
                let place = first &+ digit(entry, round)
                sorted[Int(positions[place])] = entry
                positions[place] &+= 1
            }
            swap(&entries, &sorted)
        }
    }
}
