// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// The lock that a task of a dump waits for (`struct vmon_blocked`).
///
/// What the module could not tell for certain is nil.
public struct BlockedOn: Sendable {
    public let header: RecordHeader
    /// The task that waits.
    public let pid: UInt32
    public let kind: Kind
    /// Kernel address of the lock.
    public let lock: UInt64?
    /// How long ago the task came to its last CPU, in ns; it waits since shortly after that.
    public let waited: UInt64?
    /// Who holds the lock; nil too for kinds that name no owner.
    public let owner: Ownership?
    /// How many hold the rwsem for reading.
    public let readers: UInt32?
    public let queue: Queue?
    public let futex: Futex?

    /// `enum vmon_lock_kind`.
    public enum Kind: Equatable, Sendable {
        case unknown
        case mutex
        case rwsemRead
        case rwsemWrite
        case semaphore
        case rtMutex
        /// A spinlock or rwlock.
        case spinlock
        /// A lock, or anything else, of the task's own program.
        case futex
        /// One that this version does not know.
        case other(UInt32)

        init(_ value: UInt32) {
            self =
                switch value {
                case VMON_LOCK_UNKNOWN.rawValue: .unknown
                case VMON_LOCK_MUTEX.rawValue: .mutex
                case VMON_LOCK_RWSEM_READ.rawValue: .rwsemRead
                case VMON_LOCK_RWSEM_WRITE.rawValue: .rwsemWrite
                case VMON_LOCK_SEMAPHORE.rawValue: .semaphore
                case VMON_LOCK_RT_MUTEX.rawValue: .rtMutex
                case VMON_LOCK_SPINLOCK.rawValue: .spinlock
                case VMON_LOCK_FUTEX.rawValue: .futex
                default: .other(value)
                }
        }
    }

    /// A task that holds a lock.
    public struct Owner: Equatable, Sendable {
        public let pid: UInt32
        public let tgid: UInt32
        /// `CLOCK_BOOTTIME` in ns.
        public let startTime: UInt64
        public let comm: RawText
    }

    /// The owner as far as it can be told.
    public enum Ownership: Equatable, Sendable {
        /// It lives.
        case live(Owner)
        /// It exited with the lock, and waits for its parent.
        case exited(Owner)
        /// It exited with the lock, and nothing is left of it.
        case gone
    }

    /// The waiters of a lock.
    public struct Queue: Equatable, Sendable {
        /// Waiters before this one.
        public let place: UInt32
        /// Waiters in all, this one included.
        public let waiters: UInt32
        /// There are at least so many; the module does not count further.
        public let isTruncated: Bool
    }

    /// A futex that the task waits for in futex(2).
    public struct Futex: Equatable, Sendable {
        /// In the task's memory.
        public let address: UInt64
        /// The second argument of the call, flags included.
        public let operation: UInt32
        /// The futex's own word and the three behind it; nil if they could not be read.
        public let words: [UInt32]?
        /// Thread ids in them are pids as records have them: the task is in no pid namespace of its own.
        public let hasPIDs: Bool
    }

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let blocked = try cursor.take(vmon_blocked.self)
        func has(_ flag: vmon_blocked_flags) -> Bool { blocked.flags & flag.rawValue != 0 }

        header = RecordHeader(blocked.record)
        pid = blocked.pid
        kind = Kind(blocked.kind)
        lock = blocked.lock == 0 ? nil : blocked.lock
        waited = blocked.waited_ns == 0 ? nil : blocked.waited_ns
        owner = has(VMON_BLOCKED_OWNER) ? Ownership(blocked, isExited: has(VMON_BLOCKED_OWNER_EXITED)) : nil
        readers = has(VMON_BLOCKED_READERS) ? blocked.readers : nil
        guard !has(VMON_BLOCKED_QUEUE) || blocked.queue_place < blocked.waiters else {
            throw .overLimit("waiters before one", UInt64(blocked.queue_place))
        }
        queue =
            has(VMON_BLOCKED_QUEUE)
            ? Queue(
                place: blocked.queue_place, waiters: blocked.waiters,
                isTruncated: has(VMON_BLOCKED_QUEUE_TRUNCATED)) : nil
        let words = blocked.futex_words
        futex =
            has(VMON_BLOCKED_FUTEX)
            ? Futex(
                address: blocked.futex, operation: blocked.futex_operation,
                words: has(VMON_BLOCKED_FUTEX_WORDS) ? [words.0, words.1, words.2, words.3] : nil,
                hasPIDs: has(VMON_BLOCKED_FUTEX_PIDS)) : nil
    }
}

extension BlockedOn.Ownership {
    fileprivate init(_ blocked: vmon_blocked, isExited: Bool) {
        let owner = BlockedOn.Owner(
            pid: blocked.owner_pid, tgid: blocked.owner_tgid, startTime: blocked.owner_start_time_ns,
            comm: RawText(fixed: blocked.owner_comm))
        self = !isExited ? .live(owner) : owner.pid != 0 ? .exited(owner) : .gone
    }
}
