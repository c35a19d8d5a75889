// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A task of the graph: captured in the dump, or only named there as the owner of a lock.
public struct Party: Equatable, Sendable {
    public let id: ID
    public let tgid: UInt32
    public let comm: RawText
    /// Its place in the dump's tasks; nil if it was not captured.
    public let index: Int?

    /// Pids are used again; with the time of its start one means the same task for as long as the machine
    /// is up.
    public struct ID: Hashable, Sendable {
        public let pid: UInt32
        /// `CLOCK_BOOTTIME` in ns.
        public let startTime: UInt64

        init(pid: UInt32, startTime: UInt64) {
            self.pid = pid
            self.startTime = startTime
        }

        public init(_ task: CapturedTask) {
            self.init(pid: task.pid, startTime: task.startTime)
        }
    }

    init(_ task: CapturedTask, index: Int) {
        id = ID(task)
        tgid = task.tgid
        comm = task.comm
        self.index = index
    }

    init(_ owner: BlockedOn.Owner) {
        id = ID(pid: owner.pid, startTime: owner.startTime)
        tgid = owner.tgid
        comm = owner.comm
        index = nil
    }
}

/// What a task does that waits for no lock.
public enum Activity: Equatable, Sendable {
    case runs
    case sleeps
    case waitsForIO
    /// Uninterruptibly, for something else than a lock.
    case waits
    case isStopped
    case hasExited
    /// In a state of this letter.
    case other(UInt8)
    /// The dump does not have it.
    case isNotInDump
}
