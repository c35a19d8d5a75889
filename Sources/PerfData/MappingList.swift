// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// The executable mappings of one process, which do not overlap, in ascending order.
struct MappingList {
    private(set) var mappings: [FileMapping] = []

    /// Puts a mapping in the place of what was there before.
    mutating func insert(_ mapping: FileMapping) {
        remove(mapping.addresses)
        mappings.insert(mapping, at: firstIndex(endingBehind: mapping.addresses.lowerBound))
    }

    /// Takes away what is mapped in a range; of mappings that go beyond it the rest stays.
    mutating func remove(_ addresses: Range<UInt64>) {
        let first = firstIndex(endingBehind: addresses.lowerBound)
        var end = first
        var rests: [FileMapping] = []
        while end < mappings.count, mappings[end].addresses.lowerBound < addresses.upperBound {
            let old = mappings[end].addresses
            if old.lowerBound < addresses.lowerBound {
                rests.append(mappings[end].part(old.lowerBound..<addresses.lowerBound))
            }
            if addresses.upperBound < old.upperBound {
                rests.append(mappings[end].part(addresses.upperBound..<old.upperBound))
            }
            end += 1
        }
        if first < end { mappings.replaceSubrange(first..<end, with: rests) }
    }

    private func firstIndex(endingBehind address: UInt64) -> Int {
        var low = 0
        var high = mappings.count
        while low < high {
            let middle = (low + high) / 2
            if mappings[middle].addresses.upperBound <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension FileMapping {
    /// A part of it.
    fileprivate func part(_ part: Range<UInt64>) -> FileMapping {
        FileMapping(
            addresses: part, offset: offset &+ (part.lowerBound &- addresses.lowerBound), path: path,
            buildID: buildID, identity: identity, mapper: mapper)
    }
}
