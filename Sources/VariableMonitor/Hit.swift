// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

/// A watch whose condition held at a tick.
public struct Hit: Hashable, Sendable {
    /// The watch's number: its ``Watch/id``.
    public let watchID: UInt64
    /// The watch's name.
    public let name: String
    /// The process of the variable, as the first pid namespace sees it.
    public let processID: pid_t
    /// The value that the tick read.
    public let value: Number
    /// What it was compared with: the condition's first value. Of `unchanged` the nanoseconds.
    public let threshold: Number
    /// When the tick was, since 1970-01-01 00:00 UTC.
    public let time: Duration
    /// The dump that records what the machine was doing, as `ucli --dump` knows it.
    public let dumpID: UInt64

    /// A number as its variable's type has it.
    public enum Number: Hashable, Sendable {
        case signed(Int64)
        case unsigned(UInt64)
        case real(Double)
    }
}

extension Hit.Number: CustomStringConvertible {
    public var description: String {
        switch self {
        case .signed(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .real(let value): "\(value)"
        }
    }

    init(_ bits: UInt64, length: UInt8, flags: UInt8) {
        if flags & UInt8(VMON_WATCH_FLOAT.rawValue) != 0 {
            self = .real(
                length == 4
                    ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
                    : Double(bitPattern: bits))
        } else if flags & UInt8(VMON_WATCH_UNSIGNED.rawValue) != 0 {
            self = .unsigned(bits)
        } else {
            self = .signed(Int64(bitPattern: bits))
        }
    }
}

extension Hit {
    init(_ record: vmon_hit) {
        watchID = record.watch_id
        let bytes = unsafe withUnsafeBytes(of: record.name) { unsafe Array($0) }
        name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        processID = pid_t(truncatingIfNeeded: record.pid)
        value = Number(record.value, length: record.length, flags: record.flags)
        // These are counts, or masks, whatever the variable is.
        let comparison = UInt32(record.comparison)
        let isCount =
            comparison == VMON_UNCHANGED.rawValue || comparison == VMON_BITS_ANY.rawValue
            || comparison == VMON_BITS_ALL.rawValue
            || comparison == VMON_CHANGED_BY.rawValue
                && record.flags & UInt8(VMON_WATCH_FLOAT.rawValue) == 0
        threshold =
            isCount
            ? .unsigned(record.threshold)
            : Number(record.threshold, length: record.length, flags: record.flags)
        time =
            .seconds(record.tick_realtime_ns / 1_000_000_000)
            + .nanoseconds(record.tick_realtime_ns % 1_000_000_000)
        dumpID = record.record.dump_id
    }

    /// The hits among the records that one read(2) returned, whatever its bytes are.
    ///
    /// - Parameter earliest: hits of ticks before this, by CLOCK_MONOTONIC in ns, are left out.
    static func hits(in bytes: RawSpan, since earliest: UInt64 = 0) -> [Hit] {
        var hits: [Hit] = []
        var rest = bytes
        while let header = rest.load(vmon_record.self) {
            let size = Int(header.size)
            // What is no record, or longer than the rest, leaves no place to go on at.
            guard header.magic == VMON_RECORD_MAGIC, size >= MemoryLayout<vmon_record>.size,
                size <= rest.byteCount
            else { break }
            if UInt32(header.type) == VMON_RECORD_HIT.rawValue,
                let record = rest.extracting(first: size).load(vmon_hit.self),
                record.tick_ns >= earliest
            {
                hits.append(Hit(record))
            }
            rest = rest.extracting(droppingFirst: size)
        }
        return hits
    }
}

extension RawSpan {
    /// The C struct at the start, if the bytes suffice: it has no pointers, and any bits are valid.
    fileprivate func load<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
        guard byteCount >= MemoryLayout<Value>.size else { return nil }
        return unsafe unsafeLoadUnaligned(as: type)
    }
}
