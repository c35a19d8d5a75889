// SPDX-License-Identifier: Apache-2.0

/// What is wrong in a file, as much as a person reads of it.
public struct PerfDamages: Sendable {
    /// The first ones.
    public private(set) var first: [PerfDamage] = []
    /// All of them.
    public private(set) var count = 0

    private static let keptMax = 16

    mutating func add(_ flaw: PerfRecordFlaw, at offset: UInt64, skipping size: UInt64) {
        count += 1
        if first.count < Self.keptMax {
            first.append(PerfDamage(offset: offset, skipped: size, flaw: flaw))
        }
    }
}

/// One record that was left out.
public struct PerfDamage: Equatable, Sendable {
    /// From the start of the file, in bytes.
    public let offset: UInt64
    /// How much was skipped, in bytes.
    public let skipped: UInt64
    public let flaw: PerfRecordFlaw
}

extension PerfDamage: CustomStringConvertible {
    public var description: String { "the record at offset \(offset) is left out: \(flaw)" }
}
