// SPDX-License-Identifier: Apache-2.0

/// What was found at addresses before: stacks of many threads have the same few addresses over and over.
///
/// A flat table, because a dump asks a hundred thousand times.
struct LocationCache {
    /// 0 where there is nothing.
    private var addresses: [UInt64] = []
    private var locations: [CodeLocation] = []
    private var count = 0

    private static let smallest = 256
    /// Then it begins anew.
    private static let largest = 1 << 16

    subscript(address: UInt64) -> CodeLocation? {
        guard !addresses.isEmpty else { return nil }
        let slot = slot(of: address)
        return addresses[slot] == address && address != 0 ? locations[slot] : nil
    }

    mutating func insert(_ location: CodeLocation, at address: UInt64) {
        guard address != 0 else { return }
        if count * 2 >= addresses.count { grow() }
        let slot = slot(of: address)
        if addresses[slot] == 0 { count += 1 }
        addresses[slot] = address
        locations[slot] = location
    }

    /// Where an address is, or is to be: half of the slots are free, so there is one.
    private func slot(of address: UInt64) -> Int {
        let mask = addresses.count &- 1
        var slot = Int(truncatingIfNeeded: (address &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
        while addresses[slot] != address, addresses[slot] != 0 { slot = (slot &+ 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = zip(addresses, locations)
        let size = max(addresses.count * 2, Self.smallest)
        let isFull = size > Self.largest
        addresses = Array(repeating: 0, count: isFull ? Self.smallest : size)
        locations = Array(repeating: CodeLocation(address: 0), count: addresses.count)
        count = 0
        if isFull { return }
        for (address, location) in old where address != 0 { insert(location, at: address) }
    }
}
