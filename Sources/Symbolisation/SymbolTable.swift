// SPDX-License-Identifier: Apache-2.0

/// Something with a name that lies at a range of addresses.
struct SymbolRange {
    let start: UInt64
    /// First address behind it, if no other comes before.
    let end: UInt64
    /// Where whoever made it finds its name.
    let namePlace: UInt32
    /// Without a size, it goes on to the next that begins behind it.
    let hasSize: Bool
    private let preference: UInt8

    /// No function is longer; what is cut off a range without a size of its own is nobody's.
    private static let lengthMax: UInt64 = 1 << 28 - 1

    /// - Parameters:
    ///   - length: of one without a size, the bytes to the end of its section. What is too long is cut.
    ///   - preference: higher is better where several begin at one address.
    init(start: UInt64, length: UInt64, hasSize: Bool, preference: UInt8 = 0, namePlace: UInt32) {
        let (end, overflow) = start.addingReportingOverflow(min(length, Self.lengthMax))
        self.start = start
        self.end = overflow ? .max : end
        self.namePlace = namePlace
        self.hasSize = hasSize
        self.preference = preference
    }

    /// Which of several that begin at one address is best: the highest. Those with a size come before all others.
    var rank: UInt16 { UInt16(preference) + (hasSize ? 256 : 0) }
}

/// Ranges that can be read again at any time.
protocol SymbolRanges {
    /// What is beyond ``SymbolTable/countMax`` is not looked at.
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
    /// Where the chain of each part begins.
    private let chains: [Chain]
    /// By the numbers of ranges.
    private let links: [Link]
    /// The highest end in each part and all before it: tells when looking back is of no use.
    private let reach: [UInt64]
    /// Those of parts in which there was a choice: by their starts, those with one start by their numbers.
    private var sorted: [Int: [SymbolRange]] = [:]
    private let parts: AddressParts

    /// The highest number that a link can hold.
    static var countMax: Int { 1 << 24 - 1 }

    /// - Parameter addresses: where ranges begin. Those that begin elsewhere are found as well, but more slowly.
    init(_ ranges: Ranges, in addresses: ClosedRange<UInt64>) {
        let count = min(ranges.count, Self.countMax)
        let parts = AddressParts(of: addresses, forRanges: count)
        var chains = [Chain](repeating: Chain(first: 0), count: parts.count)
        var reach = [UInt64](repeating: 0, count: parts.count)
        links = unsafe [Link](unsafeUninitializedCapacity: count) { links, initialized in
            for number in 0..<count {
                var link = Link(next: 0, step: 0)
                if let range = ranges[number] {
                    let (part, step) = parts.place(of: range.start)
                    link = Link(next: chains[part].first, step: step)
                    chains[part] = Chain(first: UInt32(truncatingIfNeeded: number &+ 1))
                    reach[part] = max(reach[part], range.end)
                }
                unsafe links.initializeElement(at: number, to: link)
            }
            initialized = count
        }
        var occupied = 0
        for part in 0..<parts.count {
            if chains[part].first > 0 { occupied = part } else { chains[part] = Chain(emptyBehind: occupied) }
            if part > 0 { reach[part] = max(reach[part], reach[part - 1]) }
        }
        self.ranges = ranges
        self.chains = chains
        self.reach = reach
        self.parts = parts
    }

    var isEmpty: Bool { reach[reach.count - 1] == 0 }

    /// All that begin where the innermost range begins that holds an address.
    ///
    /// - Parameter choose: which of several is to be taken; its end decides.
    /// - Complexity: O(*m* log *m*) for a part of *m* ranges, once, then O(log *m*); and O(*k*) where
    ///   *k* ranges lie in one another.
    mutating func range(containing address: UInt64, _ choose: (ArraySlice<SymbolRange>) -> SymbolRange)
        -> SymbolRange?
    {
        if let range = onlyRange(containing: address) { return range }
        guard var part = occupiedPart(before: parts.place(of: address).part + 1, reaching: address) else {
            return nil
        }
        var candidates = sortedRanges(ofPart: part)
        var groupEnd = candidates.firstPlace(behind: address)
        var isNearest = true
        for _ in 0..<lookBackMax {
            guard groupEnd > 0 else {
                guard let before = occupiedPart(before: part, reaching: address) else { return nil }
                part = before
                candidates = sortedRanges(ofPart: part)
                groupEnd = candidates.count
                continue
            }
            let start = candidates[groupEnd - 1].start
            let group = start == 0 ? 0 : candidates.firstPlace(behind: start - 1)
            let range = groupEnd - group == 1 ? candidates[group] : choose(candidates[group..<groupEnd])
            // Without a size it ends where the next begins, which is in front of the address but for the nearest.
            if address < range.end, range.hasSize || isNearest { return range }
            groupEnd = group
            isNearest = false
        }
        return nil
    }

    /// What ``range(containing:_:)`` finds, if it is the only one that begins in its step, as nearly always.
    private func onlyRange(containing address: UInt64) -> SymbolRange? {
        let place = parts.place(of: address)
        guard let part = occupiedPart(before: place.part + 1, reaching: address) else { return nil }
        var (number, isOnly) = lastRange(ofPart: part, upTo: part == place.part ? place.step : .max)
        if number == 0, isOnly, let before = occupiedPart(before: part, reaching: address) {
            (number, isOnly) = lastRange(ofPart: before, upTo: .max)
        }
        guard number > 0, isOnly, let range = ranges[number - 1], range.start <= address, address < range.end
        else { return nil }
        return range
    }

    /// The number of the one that begins in the last step with any, 0 for none; and whether it is the only one there,
    /// false also for a chain that was not followed to its end.
    private func lastRange(ofPart part: Int, upTo step: UInt32) -> (number: Int, isOnly: Bool) {
        var (found, foundStep, isOnly) = (0, 0 as UInt32, true)
        var number = Int(chains[part].first)
        for _ in 0..<chainMax where number > 0 {
            let link = links[number - 1]
            if link.step <= step {
                if found == 0 || link.step > foundStep {
                    (found, foundStep, isOnly) = (number, link.step, true)
                } else if link.step == foundStep {
                    isOnly = false
                }
            }
            number = Int(link.next)
        }
        return (found, isOnly && number == 0)
    }

    /// The nearest part in front of one in which ranges begin, if any there or before reaches an address.
    private func occupiedPart(before part: Int, reaching address: UInt64) -> Int? {
        guard part > 0, reach[part - 1] > address else { return nil }
        return chains[part - 1].occupiedBefore ?? part - 1
    }

    private mutating func sortedRanges(ofPart part: Int) -> [SymbolRange] {
        if let known = sorted[part] { return known }
        var found: [SymbolRange] = []
        var number = Int(chains[part].first)
        while number > 0 {
            // What has changed meanwhile may belong to another part, where it is not found.
            if let range = ranges[number - 1], parts.place(of: range.start).part == part {
                found.append(range)
            }
            number = Int(links[number - 1].next)
        }
        found.reverse()
        found.sort { $0.start < $1.start }
        sorted[part] = found
        return found
    }
}

/// Where the chain of a part begins: with the range that was read last. Ranges are numbered from 1 here.
private struct Chain {
    private let bits: UInt32
    private static let empty: UInt32 = 1 << 31

    /// - Parameter first: 0 for none.
    init(first: UInt32) { bits = first }

    init(emptyBehind part: Int) { bits = Self.empty | UInt32(truncatingIfNeeded: part) }

    var first: UInt32 { bits & Self.empty == 0 ? bits : 0 }

    /// Of an empty part, the nearest one before that is not.
    var occupiedBefore: Int? { bits & Self.empty == 0 ? nil : Int(bits & ~Self.empty) }
}

/// Which range comes next in a chain, 0 for none, and in which step of its part this one begins.
private struct Link {
    private let bits: UInt32

    init(next: UInt32, step: UInt32) { bits = step << 24 | next }

    var next: UInt32 { bits & 0xff_ffff }
    var step: UInt32 { bits >> 24 }
}

/// Functions that begin in front of an address and behind the one that holds it, and the parts in which they do.
/// There are few in real files; in made-up ones there can be any number.
private let lookBackMax = 1024

/// Chains that are longer are sorted.
private let chainMax = 64

/// Addresses, parted by their highest bits, and each part in 256 steps.
private struct AddressParts {
    let count: Int
    private let lowest: UInt64
    private let bits: UInt64
    private let stepBits: UInt64

    /// Of the largest power of two that is no more than there are ranges: an eighth as many parts, to twice that.
    private static let sizeBits = 3
    private static let countBitsMax = 16
    private static let lastStep: UInt64 = 255

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
        let step = min((distance &- part << bits) >> stepBits, Self.lastStep)
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
