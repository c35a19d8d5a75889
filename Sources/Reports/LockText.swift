// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import WaitForGraph

/// How reports about locks put things into words.
extension LockFindings {
    /// `mutex_a [abba]`, or where the lock is.
    func name(of wait: Wait) -> String {
        switch wait.lock {
        case .kernel(let address):
            kernelName(of: address) ?? "the \(wait.blocked.kind.name) at \(hex(address))"
        case .pthreadMutex(_, let address): "the pthread mutex at \(hex(address))"
        case nil: "a \(wait.blocked.kind.name) that cannot be told"
        }
    }

    /// Nil for memory without a name.
    func kernelName(of address: UInt64) -> String? {
        graph.variables[address].map { variable in
            let offset = address - variable.start
            return variable.name.printable + (offset == 0 ? "" : "+\(hex(offset))")
                + (variable.kernelModule.map { " [\($0.printable)]" } ?? "")
        }
    }

    /// For a person who has not read the documentation.
    func sentence(about verdict: Verdict) -> String {
        switch verdict.kind {
        case .cycle:
            "Deadlock: each of \(verdict.waits.count) tasks waits for a lock that the next one holds, and none can go on."
        case .ownLock: "Deadlock: the task waits for a lock that it holds itself."
        case .likelyCycle: "Probably a deadlock: " + suspicions(of: verdict)
        case .orphan(let holder):
            "Deadlock: \(holder.map(name) ?? "the holder") exited and did not give the lock back. Nobody will."
        case .chain(let holder, let activity):
            "No deadlock: they go on when \(name(of: holder)), which \(activity.words), gives the lock back."
        case .passingCircle:
            "Perhaps no deadlock: the tasks wait for one another, but not for long enough to be sure that they did "
                + "at one moment. Look again."
        case .unknownHolder: "Nothing tells who holds the lock."
        case .spinning:
            "Caught while they tried to get a spinlock. It names no owner, and they may have it by now."
        }
    }

    /// What a likely circle rests on.
    private func suspicions(of verdict: Verdict) -> String {
        verdict.waits.compactMap { wait in
            guard case .suspects(let suspects, let module) = wait.holder, let first = suspects.first else {
                return nil
            }
            let who =
                suspects.count == 1
                ? name(of: first) : "one of \(suspects.count) tasks, such as \(name(of: first)),"
            return "\(name(of: wait)) does not tell its holder; \(who) is taken for it, being in the code of "
                + "[\(module.printable)], where nobody in the dump goes on."
        }.joined(separator: " ")
    }

    /// `Thread-1 (132)`
    func name(of party: Party) -> String {
        "\(party.comm.isEmpty ? "[unnamed]" : party.comm.printable) (\(party.id.pid))"
    }

    private func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
}

extension BlockedOn.Kind {
    /// As people call it.
    var name: String {
        switch self {
        case .unknown: "lock"
        case .mutex: "mutex"
        case .rwsemRead, .rwsemWrite: "rwsem"
        case .semaphore: "semaphore"
        case .rtMutex: "rt_mutex"
        case .spinlock: "spinlock"
        case .futex: "pthread mutex"
        case .other(let number): "lock of kind \(number)"
        }
    }

    /// What the task will do with it; nil where there is only one thing.
    var purpose: String? {
        switch self {
        case .rwsemRead: "to read"
        case .rwsemWrite: "to write"
        default: nil
        }
    }
}

extension Activity {
    /// As in `which sleeps`.
    var words: String {
        switch self {
        case .runs: "runs"
        case .sleeps: "sleeps"
        case .waitsForIO: "waits for I/O"
        case .waits: "waits uninterruptibly for something else than a lock"
        case .isStopped: "is stopped"
        case .hasExited: "has exited"
        case .other(let letter): "is in state \(String(UnicodeScalar(letter)).printable)"
        case .isNotInDump: "is not in the dump"
        }
    }

    var key: String {
        switch self {
        case .runs: "running"
        case .sleeps: "sleeping"
        case .waitsForIO: "io"
        case .waits: "waiting"
        case .isStopped: "stopped"
        case .hasExited: "exited"
        case .other, .isNotInDump: "unknown"
        }
    }
}

/// What is of interest in the stack of a task that waits for a lock.
enum LockStack {
    private static let framesMax = 12
    /// How every task came here. How it sleeps, the kernel leaves out of stacks itself.
    private static let outer: Set<String> = [
        "kthread", "ret_from_fork", "ret_from_fork_asm", "do_syscall_64", "x64_sys_call",
        "entry_SYSCALL_64_after_hwframe", "_start", "__libc_start_main", "__libc_start_call_main",
        "__libc_start_main_impl", "__libc_start_main_alias_2", "start_thread", "clone", "clone3", "__clone",
        "__clone3",
    ]

    /// The frames to show, and how many more there are.
    static func cut(_ frames: [NamedFrame]) -> (shown: ArraySlice<NamedFrame>, more: Int) {
        var shown = frames[...]
        while let name = shown.last?.name, outer.contains(name) { shown.removeLast() }
        return (shown.prefix(framesMax), max(shown.count - framesMax, 0))
    }
}
