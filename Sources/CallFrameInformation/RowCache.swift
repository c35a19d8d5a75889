// SPDX-License-Identifier: Apache-2.0

/// The rows found so far, by file address: a flat table with open addressing.
///
/// A look-up neither allocates nor counts references. The pointer is to memory that the object
/// owns; indices into it are the lower bits of a hash, and so within its bounds.
@safe final class RowCache {
    private var slots: UnsafeMutablePointer<UnwindRow>
    private var mask: Int
    private(set) var count = 0

    private static let initialSize = 256
    /// As many addresses as no program has on its stacks: then it begins anew, for input decides on
    /// their number.
    private static let countMax = 1 << 19

    init() {
        mask = Self.initialSize - 1
        unsafe slots = Self.allocate(Self.initialSize)
    }

    deinit { unsafe slots.deallocate() }

    /// The row of an address; an empty one if it is not known.
    @inline(__always)
    func row(at address: UInt64) -> UnwindRow {
        unsafe slots[place(of: address)]
    }

    /// Adds the row of an address that has none yet.
    func insert(_ row: UnwindRow) {
        if count >= Self.countMax { resize(to: Self.initialSize, keepingRows: false) }
        if (count + 1) * 2 > mask { resize(to: (mask + 1) * 2, keepingRows: true) }
        unsafe slots[place(of: row.address)] = row
        count += 1
    }

    /// Where the address is, or would be.
    @inline(__always)
    private func place(of address: UInt64) -> Int {
        // Fibonacci hashing: the upper half of the product mixes all bits.
        var index = Int(truncatingIfNeeded: (address &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
        while unsafe slots[index].kind != .empty && slots[index].address != address {
            index = (index &+ 1) & mask
        }
        return index
    }

    private func resize(to size: Int, keepingRows: Bool) {
        let old = unsafe UnsafeMutableBufferPointer(start: slots, count: mask + 1)
        defer { unsafe old.deallocate() }
        unsafe slots = Self.allocate(size)
        mask = size - 1
        guard keepingRows else {
            count = 0
            return
        }
        for index in old.indices where unsafe old[index].kind != .empty {
            unsafe slots[place(of: old[index].address)] = old[index]
        }
    }

    private static func allocate(_ size: Int) -> UnsafeMutablePointer<UnwindRow> {
        let slots = UnsafeMutablePointer<UnwindRow>.allocate(capacity: size)
        unsafe slots.initialize(repeating: UnwindRow(.empty), count: size)
        return unsafe slots
    }
}
