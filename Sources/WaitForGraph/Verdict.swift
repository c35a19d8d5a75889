// SPDX-License-Identifier: Apache-2.0

/// What is to be said about tasks that wait for locks.
public struct Verdict: Sendable {
    public let kind: Kind
    /// One behind the other: each waits for a lock that the next one holds. Of a circle the last waits
    /// for the first. Empty for tasks that spin.
    public let waits: [Wait]
    /// All others that can go on only after these.
    public let behind: [Wait]

    public enum Kind: Sendable {
        /// They wait for one another.
        case cycle
        /// One task waits for a lock that it holds.
        case ownLock
        /// They wait for one another, if suspicions are right.
        case likelyCycle
        /// The holder exited without giving the lock back; nil if nothing is left of it.
        case orphan(Party?)
        /// They wait for a task that waits for no lock.
        case chain(Party, Activity)
        /// It looks like a circle, but its parts may be of different moments.
        case passingCircle
        /// Nothing tells who holds the last lock.
        case unknownHolder
        case spinning([Party])
    }

    /// As it is printed.
    public var name: String {
        switch kind {
        case .cycle: "CYCLE"
        case .ownLock: "SELF"
        case .likelyCycle: "LIKELY-CYCLE"
        case .orphan: "ORPHAN"
        case .chain, .passingCircle: "CHAIN"
        case .unknownHolder: "UNKNOWN"
        case .spinning: "SPINNING"
        }
    }

    /// These tasks never go on, unless somebody kills one, if suspicions are right.
    public var isDeadlock: Bool {
        switch kind {
        case .cycle, .ownLock, .likelyCycle, .orphan: true
        case .chain, .passingCircle, .unknownHolder, .spinning: false
        }
    }

    /// The wait of the last task is for the first.
    public var isCircle: Bool {
        switch kind {
        case .cycle, .ownLock, .likelyCycle, .passingCircle: true
        case .orphan, .chain, .unknownHolder, .spinning: false
        }
    }
}
