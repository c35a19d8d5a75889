// SPDX-License-Identifier: Apache-2.0

/// A place in the input that holds no valid record, and was skipped.
public struct Damage: Error, Equatable, Sendable {
    /// Where it begins, in bytes from the start of the input.
    public let offset: Int
    /// How much was skipped, in bytes.
    public let skipped: Int
    public let reason: Reason

    public enum Reason: Error, Equatable, Sendable {
        /// The record does not begin with the magic number.
        case noMagic
        /// The record's size is below that of its header, above the limit, or no multiple of 8.
        case badSize(UInt32)
        /// The input ends before the record does.
        case cutShort
        /// A part of the record claims to go on past the record's end.
        case pastEnd
        /// A count is above the limit of the interface.
        case overLimit(String, UInt64)
        /// An address range ends before it begins, or goes around the end of memory.
        case badRange
    }
}

extension Damage: CustomStringConvertible {
    public var description: String { "\(skipped) bytes at offset \(offset) skipped: \(reason)" }
}

extension Damage.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noMagic: "no record begins here"
        case .badSize(let size): "a record of \(size) bytes cannot be"
        case .cutShort: "the input ends in the middle of a record"
        case .pastEnd: "a part of the record goes past its end"
        case .overLimit(let what, let count): "\(count) \(what) are more than there can be"
        case .badRange: "an address range is not valid"
        }
    }
}
