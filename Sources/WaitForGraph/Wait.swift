// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A lock that tasks wait for.
public enum Lock: Hashable, Sendable {
    /// At an address of the kernel.
    case kernel(UInt64)
    /// A pthread mutex, by process and address.
    case pthreadMutex(tgid: UInt32, address: UInt64)
}

/// A task that waits for a lock: an edge of the graph.
public struct Wait: Sendable {
    public let waiter: Party
    public let blocked: BlockedOn
    /// Nil if it could not be told which.
    public let lock: Lock?
    public internal(set) var holder: Holder

    public enum Holder: Sendable {
        /// The lock says so.
        case task(Party)
        /// It exited with the lock; nil if nothing is left of it.
        case exited(Party?)
        /// The lock does not say, but all tasks of the dump that are in the code of its module are known.
        case suspects([Party], module: String)
        case unknown
    }

    /// `CLOCK_MONOTONIC` in ns after which it did nothing but wait; nil if that is not told.
    var start: UInt64? {
        blocked.waited.flatMap { blocked.header.time >= $0 ? blocked.header.time - $0 : nil }
    }
}

extension Sequence<Wait> {
    /// Whether all of them waited at one moment.
    ///
    /// A dump looks at one task after the other: what looks like a circle may be several moments of tasks
    /// that get on well. A task "waits since shortly after" the time that is known, so that
    /// only one that came to its CPU long before the first look surely waited by then.
    func waitedTogether() -> Bool {
        guard let firstLook = map(\.blocked.header.time).min() else { return false }
        return allSatisfy { wait in
            wait.start.map { firstLook >= $0 && firstLook - $0 >= WaitForGraph.patience } ?? false
        }
    }
}
