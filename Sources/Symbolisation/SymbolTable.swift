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

    private let entries: [Entry]
    /// The highest end of the first 32 entries, of the first 64, and so on: tells when looking back
    /// is of no use.
    private let reach: [UInt64]

    private static let block = 32
    /// Functions that begin in front of an address and behind the one that holds it. There are few
    /// in real files; in made-up ones there can be any number.
    private static let lookBackMax = 1024
    /// A part has 4 to 8 entries, and there are no more than 65,536.
    private static let partSizeBits = 3
    private static let partCountBits = 16
    /// More are sorted by the standard library.
    private static let insertionMax = 32

    /// - Parameter forEach: calls what it is given with each entry. It does so three times, which is
    ///   cheaper than to keep them in between: memory that a big program's would take costs more than to
    ///   read them. They may change meanwhile, as a file does; then some are missing.
    @inline(__always)
    init(_ forEach: (_ body: (Entry) -> Void) -> Void) {
        entries = Self.sorted(forEach)
        var reach: [UInt64] = []
        var highest: UInt64 = 0
        reach.reserveCapacity(entries.count / Self.block + 1)
        for index in entries.indices {
            highest = max(highest, entries[index].end)
            if index % Self.block == Self.block - 1 { reach.append(highest) }
        }
        reach.append(highest)
        self.reach = reach
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

    /// The entries by their starts; those with one start in the order in which they come.
    ///
    /// They are parted by the highest bits of their starts, and each part is sorted. Where functions
    /// lie as they do in a linked file, that is one round of a radix sort and little more; where they
    /// lie close together in few places, it is the sort of the standard library.
    @inline(__always)
    private static func sorted(_ forEach: (_ body: (Entry) -> Void) -> Void) -> [Entry] {
        var count = 0
        var lowest = UInt64.max
        var highest: UInt64 = 0
        forEach { entry in
            count += 1
            lowest = min(lowest, entry.start)
            highest = max(highest, entry.start)
        }
        guard count > 0 else { return [] }
        let partBits = min(bitWidth(UInt64(count)) - partSizeBits, partCountBits)
        let bits = UInt64(max(bitWidth(highest - lowest) - max(partBits, 0), 0))
        let last = Int((highest - lowest) >> bits)
        func part(_ entry: Entry) -> Int {
            min(Int(truncatingIfNeeded: (entry.start &- lowest) >> bits) & .max, last)
        }

        var places = [Int](repeating: 0, count: last + 1)
        forEach { entry in places[part(entry)] &+= 1 }
        var position = 0
        for part in places.indices {
            let size = places[part]
            places[part] = position
            position += size
        }
        let none = Entry(start: 0, length: 0, hasSize: false, number: 0)
        var entries = [Entry](repeating: none, count: position)
        forEach { entry in
            let part = part(entry)
            guard places[part] < position else { return }
            entries[places[part]] = entry
            places[part] &+= 1
        }
        // The place of each part has become that of the next.
        var start = 0
        for end in places {
            sort(&entries, from: start, to: end)
            start = end
        }
        return entries
    }

    private static func sort(_ entries: inout [Entry], from start: Int, to end: Int) {
        if end - start > insertionMax {
            entries[start..<end].sort { $0.start < $1.start }
            return
        }
        for index in start..<end {
            let entry = entries[index]
            var place = index
            while place > start, entries[place &- 1].start > entry.start {
                entries[place] = entries[place &- 1]
                place &-= 1
            }
            entries[place] = entry
        }
    }

    private static func bitWidth(_ number: UInt64) -> Int { UInt64.bitWidth - number.leadingZeroBitCount }
}
