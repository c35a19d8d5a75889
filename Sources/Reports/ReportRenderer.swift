// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData

/// Turns tasks into one kind of report: is given them one by one, and then finishes.
///
/// What it has to say it appends to the buffer, which the caller empties whenever it likes.
public protocol ReportRenderer {
    /// What follows comes from a file.
    mutating func begin(_ file: RecordingFile, to output: inout ReportBuffer)
    /// What follows are samples of a profile, which belong to no dump.
    mutating func begin(_ profile: PerfDataFile, to output: inout ReportBuffer)
    /// What a process of a profile has mapped; its samples follow, and name it. It is made for who asks.
    mutating func begin(_ space: () -> AddressSpace, to output: inout ReportBuffer)
    /// A dump begins, whose tasks follow.
    mutating func begin(_ dump: Dump, to output: inout ReportBuffer)
    mutating func write(_ task: ResolvedTask, to output: inout ReportBuffer)
    /// All tasks of the dump were written.
    mutating func end(_ dump: Dump, to output: inout ReportBuffer)
    /// All samples of the profile were written.
    mutating func end(_ profile: PerfDataFile, to output: inout ReportBuffer)
    /// What a recording holds beside its dumps: losses, damages, watches that ended.
    mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer)
    /// No more tasks follow; called once.
    mutating func finish(to output: inout ReportBuffer)
}

extension ReportRenderer {
    public mutating func begin(_ file: RecordingFile, to output: inout ReportBuffer) {}
    public mutating func begin(_ profile: PerfDataFile, to output: inout ReportBuffer) {}
    public mutating func begin(_ space: () -> AddressSpace, to output: inout ReportBuffer) {}
    public mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {}
    public mutating func end(_ dump: Dump, to output: inout ReportBuffer) {}
    public mutating func end(_ profile: PerfDataFile, to output: inout ReportBuffer) {}
    public mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer) {}
    public mutating func finish(to output: inout ReportBuffer) {}
}
