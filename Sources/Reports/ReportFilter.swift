// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// Which dumps and which of their tasks a report is about. What is empty leaves nothing out.
public struct ReportFilter: Sendable {
    /// Of processes or of single tasks.
    public var pids: Set<UInt32> = []
    /// Names of tasks.
    public var names: Set<RawText> = []
    /// Letters of states, as in ps(1).
    public var states: Set<UInt8> = []
    public var dumps: Set<UInt64> = []
    /// `CLOCK_REALTIME` in ns.
    public var since: UInt64?

    public init() {}

    /// Nothing is left out.
    public var isEmpty: Bool {
        pids.isEmpty && names.isEmpty && states.isEmpty && dumps.isEmpty && since == nil
    }

    public func includes(_ task: CapturedTask) -> Bool {
        (pids.isEmpty || pids.contains(task.pid) || pids.contains(task.tgid))
            && (names.isEmpty || names.contains(task.comm))
            && (states.isEmpty || states.contains(task.state))
    }

    /// A dump whose beginning was lost does not say when it was: it is not left out for its time.
    public func includes(_ dump: Dump) -> Bool {
        (dumps.isEmpty || dumps.contains(dump.id))
            && (since.map { since in dump.begin.map { $0.realtime >= since } ?? true } ?? true)
    }
}
