// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// Turns tasks into one kind of report: is given them one by one, and then finishes.
///
/// What it has to say it appends to the buffer, which the caller empties whenever it likes.
public protocol ReportRenderer {
    /// A dump begins, whose tasks follow. Samples of a profile belong to no dump.
    mutating func begin(_ dump: Dump, to output: inout ReportBuffer)
    mutating func write(_ task: ResolvedTask, to output: inout ReportBuffer)
    /// All tasks of the dump were written.
    mutating func end(_ dump: Dump, to output: inout ReportBuffer)
    /// What a recording holds beside its dumps: losses, damages, watches that ended.
    mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer)
    /// No more tasks follow; called once.
    mutating func finish(to output: inout ReportBuffer)
}

extension ReportRenderer {
    public mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {}
    public mutating func end(_ dump: Dump, to output: inout ReportBuffer) {}
    public mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer) {}
    public mutating func finish(to output: inout ReportBuffer) {}
}
