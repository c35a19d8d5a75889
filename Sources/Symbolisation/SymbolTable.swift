// SPDX-License-Identifier: Apache-2.0

/// The functions of one file, sorted by address, one for each address.
struct SymbolTable {
    struct Entry {
        let start: UInt64
        /// First address behind it. For one without a size, the end of its section.
        var end: UInt64
        let hasSize: Bool
        /// Which of several names of one address is best: the highest.
        let rank: UInt8
        /// Where its name is.
        let name: Name
    }

    /// A name is in a section of strings, at an offset.
    struct Name {
        let section: UInt32
        let offset: UInt32
    }

    private var entries: [Entry]
    /// The highest end of an entry and of all before it: tells when looking back is of no use.
    private var reach: [UInt64] = []

    /// - Parameter isBetter: decides between two names of one address and one rank.
    init(_ unsorted: [Entry], isBetter: (Name, Name) -> Bool) {
        let sorted = unsorted.sorted {
            if $0.start != $1.start { return $0.start < $1.start }
            if $0.rank != $1.rank { return $0.rank > $1.rank }
            return isBetter($0.name, $1.name)
        }
        entries = []
        for entry in sorted where entries.last?.start != entry.start {
            if let last = entries.last, !last.hasSize {
                entries[entries.count - 1].end = min(last.end, entry.start)
            }
            entries.append(entry)
        }
        var highest: UInt64 = 0
        for entry in entries {
            highest = max(highest, entry.end)
            reach.append(highest)
        }
    }

    /// The innermost function that holds an address, as an index.
    ///
    /// - Complexity: O(log *n*), and O(*m*) where functions lie in one another.
    func index(containing address: UInt64) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        var index = low - 1
        while index >= 0, reach[index] > address {
            if address < entries[index].end { return index }
            index -= 1
        }
        return nil
    }

    subscript(index: Int) -> Entry { entries[index] }
}
