// SPDX-License-Identifier: Apache-2.0

/// A copy of the top of a user stack, with holes where pages could not be read.
public struct StackCopy: Sendable {
    /// Address of the first byte.
    public let start: UInt64
    public let bytes: ArraySlice<UInt8>
    /// Bit n: the n-th page that the copy touches is not there.
    public let missingPages: UInt32

    private static let pageShift: UInt64 = 12

    /// A copy without holes; empty if it would go around the end of memory.
    public init(start: UInt64, bytes: ArraySlice<UInt8>) {
        let isPossible = !start.addingReportingOverflow(UInt64(bytes.count)).overflow
        self.start = start
        self.bytes = isPossible ? bytes : []
        missingPages = 0
    }

    init(start: UInt64, missingPages: UInt32, bytes: ArraySlice<UInt8>) throws(Damage.Reason) {
        guard !start.addingReportingOverflow(UInt64(bytes.count)).overflow else { throw .badRange }
        self.start = start
        self.missingPages = missingPages
        self.bytes = bytes
    }

    /// The 8 bytes at an address; nil if one of them lies outside of the copy or in a hole.
    public func word(at address: UInt64) -> UInt64? {
        // The last word of the copy counts: the outermost return address may be there.
        guard bytes.count >= 8, address >= start, address - start <= UInt64(bytes.count - 8) else {
            return nil
        }
        guard isPresent(address), isPresent(address + 7) else { return nil }
        var cursor = RecordCursor(bytes.dropFirst(Int(address - start)))
        return try? cursor.take(UInt64.self)
    }

    private func isPresent(_ address: UInt64) -> Bool {
        let page = (address >> Self.pageShift) - (start >> Self.pageShift)
        return page >= 32 || missingPages & (1 << UInt32(page)) == 0
    }
}
