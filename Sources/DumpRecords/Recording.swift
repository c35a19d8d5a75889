// SPDX-License-Identifier: Apache-2.0

/// Everything that was read from the module: dumps, and notices of what went wrong.
///
/// Bytes may come in any number of parts, each of whole records.
public struct Recording: Sendable {
    /// In the order in which they began.
    public private(set) var dumps: [Dump] = []
    public private(set) var losses: [LostRecords] = []
    public private(set) var watchEnds: [WatchEnd] = []
    public private(set) var damages: [Damage] = []
    /// Numbers that no record had, and that no loss explains.
    public private(set) var gaps: [ClosedRange<UInt64>] = []
    /// Number of the last record; 0 before the first.
    public private(set) var lastSequence: UInt64 = 0

    private var byteCount = 0
    private var indexOfDump: [UInt64: Int] = [:]

    public init() {}

    /// Adds the records in `bytes`.
    public mutating func append(_ bytes: [UInt8]) {
        append(bytes, in: bytes.indices)
    }

    /// Adds the records in a part of `bytes`, which is not copied.
    public mutating func append(_ bytes: [UInt8], in range: Range<Int>) {
        var parser = RecordParser(bytes, in: range)
        while let item = parser.next() {
            switch item {
            case .record(let header, let record): add(record, header)
            case .damage(let damage):
                damages.append(
                    Damage(offset: byteCount + damage.offset, skipped: damage.skipped, reason: damage.reason))
            }
        }
        byteCount += bytes.count
    }

    /// The dump that is still being written: it has no end yet, and none began after it.
    public var unfinishedDump: Dump? {
        dumps.last.flatMap { $0.end == nil ? $0 : nil }
    }

    /// All dumps that nothing will be added to.
    public var finishedDumps: ArraySlice<Dump> {
        unfinishedDump == nil ? dumps[...] : dumps.dropLast()
    }

    /// Number of the last record before the unfinished dump, or of the last of all; 0 for none.
    public var lastFinishedSequence: UInt64 {
        unfinishedDump.map { max($0.firstSequence, 1) - 1 } ?? lastSequence
    }

    private mutating func add(_ record: Record, _ header: RecordHeader) {
        if lastSequence != 0, header.sequence > lastSequence, header.sequence - lastSequence > 1 {
            gaps.append(lastSequence + 1...header.sequence - 1)
        }
        lastSequence = header.sequence

        switch record {
        case .lost(let loss):
            losses.append(loss)
            // The news of a loss comes right behind it.
            if let gap = gaps.last, loss.sequences.contains(gap.upperBound) {
                gaps.removeLast()
                if gap.lowerBound < loss.sequences.lowerBound {
                    gaps.append(gap.lowerBound...loss.sequences.lowerBound - 1)
                }
            }
        case .watchEnd(let end): watchEnds.append(end)
        case .unknown: break
        default: dumps[index(ofDump: header)].add(record)
        }
    }

    private mutating func index(ofDump header: RecordHeader) -> Int {
        if let index = indexOfDump[header.dumpID] { return index }
        dumps.append(Dump(id: header.dumpID, firstSequence: header.sequence))
        indexOfDump[header.dumpID] = dumps.count - 1
        return dumps.count - 1
    }
}
