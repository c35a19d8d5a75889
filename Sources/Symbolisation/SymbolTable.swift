// SPDX-License-Identifier: Apache-2.0

/// Something with a name that lies at a range of addresses.
struct SymbolRange {
    let start: UInt64
    /// First address behind it, if no other comes before.
    let end: UInt64
    /// By which whoever made it finds its name.
    let number: UInt32
    /// Without a size, it goes on to the next that begins behind it.
    let hasSize: Bool
    private let preference: UInt8

    /// - Parameters:
    ///   - length: of one without a size, the bytes to the end of its section.
    ///   - preference: higher is better where several begin at one address.
    init(start: UInt64, length: UInt64, hasSize: Bool, preference: UInt8 = 0, number: UInt32) {
        let (end, overflow) = start.addingReportingOverflow(length)
        self.start = start
        self.end = overflow ? .max : end
        self.number = number
        self.hasSize = hasSize
        self.preference = preference
    }

    /// Which of several that begin at one address is best: the highest. Those with a size come before all others.
    var rank: UInt16 { UInt16(preference) + (hasSize ? 256 : 0) }
}

/// Ranges that can be read again at any time.
protocol SymbolRanges {
    /// Less than 1 << 24.
    var count: Int { get }
    /// The one with a number below the count; nil if that is something else. It may be another one the next time, as
    /// files are written to.
    subscript(number: Int) -> SymbolRange? { get }
}

/// What lies at which addresses: many ranges, parted by the highest bits of where they begin.
///
/// What is done for all of them is done for 300,000 symbols, of which a report prints a few hundred. So of each only
/// 4 bytes are kept, which chain those of a part as in a hash table. When something in a part is looked up, the nearest
/// of its ranges is read again; or all of them, where there is a choice, and sorted.
struct SymbolTable<Ranges: SymbolRanges> {
    private let ranges: Ranges
    /// For each part, the last that begins in it. They count from 1, and 0 is none.
    private let last: [UInt32]
    /// For each range, the one before it in the same part.
    private let links: [Link]
    /// The highest end in each part and all before it: tells when looking back is of no use.
    private let reach: [UInt64]
    /// Those of parts in which something was looked up: by their starts, those with one start by their numbers.
    private var sorted: [Int: [SymbolRange]] = [:]
    private let parts: AddressParts

    /// Which range comes next, and in which step of its part this one begins.
    private struct Link {
        private let bits: UInt32

        init(next: UInt32, step: UInt32) { bits = step << 24 | next }

        var next: Int { Int(bits & 0xff_ffff) }
        var step: UInt32 { bits >> 24 }
    }

    /// - Parameter addresses: where ranges begin. Those that begin elsewhere are found as well, but more slowly.
    init(_ ranges: Ranges, in addresses: ClosedRange<UInt64>) {
        let count = ranges.count
        let parts = AddressParts(of: addresses, forRanges: count)
        var last = [UInt32](repeating: 0, count: parts.count)
        var reach = [UInt64](repeating: 0, count: parts.count)
        links = unsafe [Link](unsafeUninitializedCapacity: count) { links, initialized in
            for number in 0..<count {
                var link = Link(next: 0, step: 0)
                if let range = ranges[number] {
                    let (part, step) = parts.place(of: range.start)
                    link = Link(next: last[part], step: step)
                    last[part] = UInt32(truncatingIfNeeded: number &+ 1)
                    reach[part] = max(reach[part], range.end)
                }
                unsafe links.initializeElement(at: number, to: link)
            }
            initialized = count
        }
        for part in 1..<parts.count { reach[part] = max(reach[part], reach[part - 1]) }
        self.ranges = ranges
        self.last = last
        self.reach = reach
        self.parts = parts
    }

    var isEmpty: Bool { reach[reach.count - 1] == 0 }

    /// All that begin where the innermost range begins that holds an address.
    ///
    /// - Parameter choose: which of several is to be taken; its end decides.
    /// - Complexity: O(*m* log *m*) for a part of *m* ranges, once, then O(log *m*); and O(*k*) where
    ///   *k* ranges lie in one another, or parts have none.
    mutating func range(containing address: UInt64, _ choose: (ArraySlice<SymbolRange>) -> SymbolRange)
        -> SymbolRange?
    {
        if let range = onlyRange(containing: address) { return range }
        var part = parts.place(of: address).part
        guard reach[part] > address else { return nil }
        var candidates = sortedRanges(ofPart: part)
        var groupEnd = candidates.firstPlace(behind: address)
        var nextStart = groupEnd < candidates.count ? candidates[groupEnd].start : start(behindPart: part)
        for _ in 0..<lookBackMax {
            while groupEnd == 0 {
                guard part > 0, reach[part - 1] > address else { return nil }
                part -= 1
                candidates = sortedRanges(ofPart: part)
                groupEnd = candidates.count
            }
            let start = candidates[groupEnd - 1].start
            var group = groupEnd - 1
            var holdsAddress = false
            while true {
                let range = candidates[group]
                holdsAddress = holdsAddress || address < range.end && (range.hasSize || address < nextStart)
                guard group > 0, candidates[group - 1].start == start else { break }
                group -= 1
            }
            if holdsAddress {
                let range = groupEnd - group == 1 ? candidates[group] : choose(candidates[group..<groupEnd])
                if address < range.end, range.hasSize || address < nextStart { return range }
            }
            groupEnd = group
            nextStart = start
        }
        return nil
    }

    /// What ``range(containing:_:)`` finds, if it is the only one that begins in its step, as nearly always.
    private func onlyRange(containing address: UInt64) -> SymbolRange? {
        var (part, step) = parts.place(of: address)
        var looks = 0
        while reach[part] > address {
            var nearest: (number: Int, step: UInt32)?
            var isOnly = true
            var number = Int(last[part])
            while number > 0, looks < looksMax {
                looks += 1
                let link = links[number - 1]
                if link.step <= step {
                    if let known = nearest, known.step >= link.step {
                        isOnly = isOnly && known.step > link.step
                    } else {
                        (nearest, isOnly) = ((number, link.step), true)
                    }
                }
                number = link.next
            }
            guard number == 0 else { return nil }
            if let nearest {
                guard isOnly, let range = ranges[nearest.number - 1], range.start <= address, range.hasSize,
                    address < range.end
                else { return nil }
                return range
            }
            guard part > 0, looks < looksMax else { return nil }
            looks += 1
            part -= 1
            step = AddressParts.lastStep
        }
        return nil
    }

    /// Where the first range begins behind a part.
    private mutating func start(behindPart part: Int) -> UInt64 {
        for next in part + 1..<last.count {
            if let first = sortedRanges(ofPart: next).first { return first.start }
        }
        return .max
    }

    private mutating func sortedRanges(ofPart part: Int) -> [SymbolRange] {
        guard last[part] > 0 else { return [] }
        if let known = sorted[part] { return known }
        var found: [SymbolRange] = []
        var next = Int(last[part])
        while next > 0 {
            // What has changed meanwhile may belong to another part, where it is not found.
            if let range = ranges[next - 1], parts.place(of: range.start).part == part { found.append(range) }
            next = links[next - 1].next
        }
        found.reverse()
        found.sort { $0.start < $1.start }
        sorted[part] = found
        return found
    }
}

/// Functions that begin in front of an address and behind the one that holds it. There are few
/// in real files; in made-up ones there can be any number.
private let lookBackMax = 1024

/// Links and empty parts that are followed before ranges are sorted.
private let looksMax = 64

/// Addresses, parted by their highest bits, and each part in 256 steps.
private struct AddressParts {
    let count: Int
    private let lowest: UInt64
    private let bits: UInt64
    private let stepBits: UInt64

    /// A part has 4 to 8 ranges, and there are no more than 65,536.
    private static let sizeBits = 3
    private static let countBitsMax = 16
    static let lastStep: UInt32 = 255

    init(of addresses: ClosedRange<UInt64>, forRanges ranges: Int) {
        let size = addresses.upperBound - addresses.lowerBound
        let countBits = min(max(bitWidth(UInt64(ranges)) - Self.sizeBits, 0), Self.countBitsMax)
        lowest = addresses.lowerBound
        bits = UInt64(max(bitWidth(size) - countBits, 0))
        stepBits = bits > 8 ? bits - 8 : 0
        count = Int(size >> bits) + 1
    }

    /// Addresses below the first part or behind the last count as its lowest or highest.
    @inline(__always)
    func place(of address: UInt64) -> (part: Int, step: UInt32) {
        let distance = max(address, lowest) &- lowest
        let part = min(distance >> bits, UInt64(truncatingIfNeeded: count &- 1))
        let step = min((distance &- part << bits) >> stepBits, UInt64(Self.lastStep))
        return (Int(truncatingIfNeeded: part), UInt32(truncatingIfNeeded: step))
    }
}

private func bitWidth(_ number: UInt64) -> Int { UInt64.bitWidth - number.leadingZeroBitCount }

extension [SymbolRange] {
    /// The first of sorted ranges that begins behind an address.
    fileprivate func firstPlace(behind address: UInt64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) >> 1
            if self[middle].start <= address { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}
