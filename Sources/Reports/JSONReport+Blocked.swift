// SPDX-License-Identifier: Apache-2.0
import DumpRecords

extension ReportBuffer {
    /// The members of the object that stands for what a task waits for.
    mutating func members(of blocked: BlockedOn) {
        members(of: blocked.header)
        number("pid", blocked.pid)
        string("kind", blocked.kind.jsonName)
        if let lock = blocked.lock { address("lock", lock) }
        if let waited = blocked.waited { count("waited", waited) }
        if let owner = blocked.owner { object("owner") { $0.members(of: owner) } }
        if let readers = blocked.readers { number("readers", readers) }
        if let queue = blocked.queue {
            object("queue") {
                $0.number("place", queue.place)
                $0.number("waiters", queue.waiters)
                $0.flag("truncated", queue.isTruncated)
            }
        }
        if let futex = blocked.futex {
            object("futex") {
                $0.address("address", futex.address)
                $0.number("operation", futex.operation)
                $0.flag("has_pids", futex.hasPIDs)
                if let words = futex.words {
                    $0.array("words", words) { word, output in output.element(word) }
                }
            }
        }
    }

    private mutating func members(of ownership: BlockedOn.Ownership) {
        switch ownership {
        case .live(let owner):
            string("state", "live")
            members(of: owner)
        case .exited(let owner):
            string("state", "exited")
            members(of: owner)
        case .gone: string("state", "gone")
        }
    }

    private mutating func members(of owner: BlockedOn.Owner) {
        number("pid", owner.pid)
        number("tgid", owner.tgid)
        count("start_time", owner.startTime)
        text("comm", owner.comm)
    }
}

extension BlockedOn.Kind {
    fileprivate var jsonName: String {
        switch self {
        case .unknown: "unknown"
        case .mutex: "mutex"
        case .rwsemRead: "rwsem_read"
        case .rwsemWrite: "rwsem_write"
        case .semaphore: "semaphore"
        case .rtMutex: "rt_mutex"
        case .spinlock: "spinlock"
        case .futex: "futex"
        case .other(let number): "unknown \(number)"
        }
    }
}
