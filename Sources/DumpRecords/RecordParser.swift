// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// Takes bytes apart into records, and takes no byte of them on trust.
///
/// What is not a valid record comes out as ``Damage``, and parsing goes on behind it.
/// Memory use is bounded by the input: stacks and texts are slices of it.
struct RecordParser {
    enum Item {
        case record(RecordHeader, Record)
        case damage(Damage)
    }

    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int

    /// - Precondition: the range lies in the bytes.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next record or damage; nil at the end.
    mutating func next() -> Item? {
        guard offset < end else { return nil }
        do throws(Damage.Reason) {
            return try nextRecord()
        } catch {
            return .damage(skipToHeader(because: error))
        }
    }

    /// Throws only when the header is not to be trusted.
    private mutating func nextRecord() throws(Damage.Reason) -> Item {
        let (header, size) = try header(at: offset)
        let start = offset
        offset += size
        var cursor = RecordCursor(bytes[start..<offset])
        do throws(Damage.Reason) {
            return .record(header, try Record(&cursor))
        } catch {
            return .damage(Damage(offset: start, skipped: size, reason: error))
        }
    }

    private func header(at offset: Int) throws(Damage.Reason) -> (RecordHeader, size: Int) {
        var cursor = RecordCursor(bytes[offset..<end])
        guard cursor.rest.count >= MemoryLayout<vmon_record>.size else { throw .cutShort }
        let record = try cursor.take(vmon_record.self)
        guard record.magic == UInt16(VMON_RECORD_MAGIC) else { throw .noMagic }
        guard record.size >= UInt32(MemoryLayout<vmon_record>.size),
            record.size <= UInt32(VMON_RECORD_SIZE_MAX),
            record.size.isMultiple(of: 8)
        else { throw .badSize(record.size) }
        guard Int(record.size) <= end - offset else { throw .cutShort }
        return (RecordHeader(record), Int(record.size))
    }

    /// Looks for the next record. Stacks hold what programs put there, so one header is no
    /// proof: its type must be known, and another header or the end must follow its record.
    private mutating func skipToHeader(because reason: Damage.Reason) -> Damage {
        let start = offset
        repeat {
            offset = min(offset + 8, end)
        } while offset < end && !isRecord(at: offset)
        return Damage(offset: start, skipped: offset - start, reason: reason)
    }

    private func isRecord(at offset: Int) -> Bool {
        guard let (header, size) = try? header(at: offset),
            Record.isKnown(UInt32(header.type))
        else { return false }
        return offset + size == end || (try? self.header(at: offset + size)) != nil
    }
}
