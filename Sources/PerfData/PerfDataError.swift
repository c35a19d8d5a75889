// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Why nothing can be read from a file of perf.
public enum PerfDataError: Error, Equatable, Sendable {
    case cannotRead(Errno)
    /// It is a pipe or the like, which can be read once and from its beginning only.
    case notSeekable
    /// It does not begin as such a file does.
    case notPerfData
    /// It was written on a machine of the other byte order.
    case otherByteOrder
    /// Its records are compressed.
    case compressed
    /// It was written on a machine with other registers.
    case otherArchitecture(String)
    /// No event has user registers and stacks.
    case noUserStacks
    /// perf was stopped before it wrote where the data ends.
    case unfinished
    /// Several events, and nothing in the samples that tells of which one they are.
    case indistinctEvents
    /// A part without which the rest means nothing is cut short or makes no sense.
    case damaged(String)
}

extension PerfDataError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotRead(let error): "it cannot be read: \(error)"
        case .notSeekable:
            "it is a pipe, and samples are read in the order of their times: save them in a file, and name that"
        case .notPerfData: "it is no file of perf record"
        case .otherByteOrder: "it was recorded on a machine of the other byte order"
        case .compressed: "it is compressed; record it without -z"
        case .otherArchitecture(let name): "it was recorded on \(name), and only x86_64 is known"
        case .noUserStacks:
            "it has no user stacks; record it with perf record --call-graph dwarf"
        case .unfinished: "it has no data, because perf record was stopped while it wrote"
        case .indistinctEvents: "nothing tells its events apart"
        case .damaged(let part): "it is damaged: \(part)"
        }
    }
}

/// What is wrong with one record; the others are read all the same.
public enum PerfRecordFlaw: Error, Equatable, Sendable {
    /// A part of the record claims to go on past the record's end.
    case pastEnd
    /// It belongs to an event that the file does not describe.
    case unknownEvent(UInt64)
    /// The size of a record is less than that of its header, or goes past the end of the data:
    /// where the next one begins is not known.
    case badSize
    /// An address range ends before it begins.
    case badRange
    /// Processes have more mappings than are kept.
    case tooManyMappings
}

extension PerfRecordFlaw: CustomStringConvertible {
    public var description: String {
        switch self {
        case .pastEnd: "a part of the record goes past its end"
        case .unknownEvent(let id): "there is no event \(id)"
        case .badSize: "a record's size cannot be, and what follows is lost"
        case .badRange: "an address range is not valid"
        case .tooManyMappings: "there are too many mappings"
        }
    }
}
