// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What lies at which addresses: many ranges, 16 bytes each, parted by the highest bits of where they begin.
///
/// What is done for all of them is done for 300,000 symbols, of which a report prints a few hundred. So a part is
/// sorted when something in it is looked up, and no names are kept: each entry has a number, by which whoever made it
/// finds the name.
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

    /// By their parts; in a part, until something is looked up in it, in the order in which they came.
    private var entries: [Entry]
    /// Where the entries of each part begin, and where those of the last end.
    private let begins: [UInt32]
    private var isSorted: [Bool]
    /// The highest end in each part and all before it: tells when looking back is of no use.
    private let reach: [UInt64]
    private let lowest: UInt64
    private let partBits: UInt64

    /// Functions that begin in front of an address and behind the one that holds it. There are few
    /// in real files; in made-up ones there can be any number.
    private static let lookBackMax = 1024
    /// A part has 4 to 8 entries, and there are no more than 65,536.
    private static let partSizeBits = 3
    private static let partCountBits = 16
    private static let hugePageSize = 2 << 20

    /// - Parameters:
    ///   - count: of entries, about.
    ///   - addresses: where entries begin. Those that begin elsewhere are found as well, but more slowly.
    ///   - forEach: calls what it is given with each entry. It does so twice, which is cheaper than to keep
    ///     them in between: memory that a big program's would take costs more than to read them. They may
    ///     change meanwhile, as a file does; then some are missing.
    @inline(__always)
    init(count: Int, in addresses: ClosedRange<UInt64>, _ forEach: (_ body: (Entry) -> Void) -> Void) {
        let size = addresses.upperBound - addresses.lowerBound
        let partCountBits = min(max(Self.bitWidth(UInt64(count)) - Self.partSizeBits, 0), Self.partCountBits)
        let partBits = UInt64(max(Self.bitWidth(size) - partCountBits, 0))
        let lowest = addresses.lowerBound
        let parts = Int(size >> partBits) + 1
        func part(_ entry: Entry) -> Int { Self.part(of: entry.start, lowest, partBits, parts) }

        var begins = [UInt32](repeating: 0, count: parts + 1)
        forEach { entry in begins[part(entry) &+ 1] &+= 1 }
        for part in 0..<parts { begins[part + 1] += begins[part] }
        var entries = Self.room(for: Int(begins[parts]))
        var next = begins
        forEach { entry in
            let part = part(entry)
            guard next[part] < begins[part &+ 1] else { return }
            entries[Int(next[part])] = entry
            next[part] &+= 1
        }
        var reach: [UInt64] = []
        reach.reserveCapacity(parts)
        var highest: UInt64 = 0
        for part in 0..<parts {
            for place in begins[part]..<begins[part + 1] { highest = max(highest, entries[Int(place)].end) }
            reach.append(highest)
        }
        isSorted = [Bool](repeating: false, count: parts)
        self.reach = reach
        self.begins = begins
        self.entries = entries
        self.lowest = lowest
        self.partBits = partBits
    }

    /// Entries of nothing, in huge pages if there are any: the kernel hands out and clears a thousand others more slowly.
    private static func room(for count: Int) -> [Entry] {
        unsafe [Entry](unsafeUninitializedCapacity: count) { buffer, initialized in
            let begin = UInt(bitPattern: buffer.baseAddress) & ~UInt(getpagesize() - 1)
            let size = count * MemoryLayout<Entry>.stride
            if size >= hugePageSize {
                // If it is refused, nothing is lost.
                _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: begin), size, MADV_HUGEPAGE)
            }
            unsafe buffer.initialize(repeating: Entry(start: 0, length: 0, hasSize: false, number: 0))
            initialized = count
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// All that begin where the innermost range begins that holds an address.
    ///
    /// - Parameter choose: which of several is to be taken; its end decides.
    /// - Complexity: O(*m* log *m*) for a part of *m* entries, once, then O(log *m*); and O(*k*) where
    ///   *k* ranges lie in one another.
    mutating func entry(containing address: UInt64, _ choose: (ArraySlice<Entry>) -> Entry) -> Entry? {
        var part = Self.part(of: address, lowest, partBits, reach.count)
        guard reach[part] > address else { return nil }
        var places = sortedPlaces(ofPart: part)
        var groupEnd = firstPlace(behind: address, in: places)
        var nextStart = groupEnd < places.upperBound ? entries[groupEnd].start : start(behindPart: part)
        for _ in 0..<Self.lookBackMax {
            while groupEnd == places.lowerBound {
                guard part > 0, reach[part - 1] > address else { return nil }
                // What reaches so far lies in front of this part, and its last entry in one of those before.
                part = min(self.part(ofEntryAt: groupEnd - 1), part - 1)
                places = sortedPlaces(ofPart: part)
                groupEnd = places.upperBound
            }
            let start = entries[groupEnd - 1].start
            var group = groupEnd - 1
            var holdsAddress = false
            while true {
                let entry = entries[group]
                holdsAddress = holdsAddress || address < entry.end && (entry.hasSize || address < nextStart)
                guard group > places.lowerBound, entries[group - 1].start == start else { break }
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

    /// Where the first entry begins behind a part.
    private mutating func start(behindPart part: Int) -> UInt64 {
        let place = Int(begins[part + 1])
        guard place < entries.count else { return .max }
        let next = max(self.part(ofEntryAt: place), part + 1)
        return entries[sortedPlaces(ofPart: next).lowerBound].start
    }

    /// Where the entries of a part are. From now on they are sorted there by their starts, those with one start
    /// in the order in which they came.
    private mutating func sortedPlaces(ofPart part: Int) -> Range<Int> {
        let places = Int(begins[part])..<Int(begins[part + 1])
        if !isSorted[part] {
            isSorted[part] = true
            entries[places].sort { $0.start < $1.start }
        }
        return places
    }

    /// The first entry of a part that begins behind an address.
    private func firstPlace(behind address: UInt64, in places: Range<Int>) -> Int {
        var low = places.lowerBound
        var high = places.upperBound
        while low < high {
            let middle = (low &+ high) >> 1
            if entries[middle].start <= address { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    private func part(ofEntryAt place: Int) -> Int {
        Self.part(of: entries[place].start, lowest, partBits, reach.count)
    }

    @inline(__always)
    private static func part(of address: UInt64, _ lowest: UInt64, _ partBits: UInt64, _ parts: Int) -> Int {
        let part = (max(address, lowest) &- lowest) >> partBits
        return Int(truncatingIfNeeded: min(part, UInt64(truncatingIfNeeded: parts &- 1)))
    }

    private static func bitWidth(_ number: UInt64) -> Int { UInt64.bitWidth - number.leadingZeroBitCount }
}
