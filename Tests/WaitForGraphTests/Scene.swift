// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import RecordWriting
import Symbolisation
import Testing

@testable import WaitForGraph

/// A made-up dump of tasks that wait for locks. Task `n` is called `task-n`, and started at `1000 + n`.
struct Scene {
    /// Symbols of the made-up kernel, by which scenes name locks and code.
    static let lockA: UInt64 = 0xffff_ffff_a000_3000
    static let lockB: UInt64 = 0xffff_ffff_a000_3040
    static let lockC: UInt64 = 0xffff_ffff_a000_3080
    static let take: UInt64 = 0xffff_ffff_a000_0010
    static let schedule: UInt64 = 0xffff_ffff_8100_0010
    static let slowpath: UInt64 = 0xffff_ffff_8100_0110
    static let waitOnPage: UInt64 = 0xffff_ffff_8100_0210
    private static let kallsyms = """
        ffffffff81000000 T schedule
        ffffffff81000100 T native_queued_spin_lock_slowpath
        ffffffff81000200 T folio_wait_bit_common.isra.0
        ffffffff81000300 T end
        ffffffffa0000000 t take\t[abba]
        ffffffffa0001000 t unload\t[abba]
        ffffffffa0003000 d lock_a\t[abba]
        ffffffffa0003040 d lock_b\t[abba]
        ffffffffa0003080 d lock_c\t[abba]
        """

    private(set) var writer = RecordWriter()

    init() {
        writer.time = 3600_000_000_000
    }

    /// A task, by default one that sleeps in the module.
    mutating func task(
        _ pid: UInt32, tgid: UInt32? = nil, state: Character = "D", flags: UInt32 = 0,
        frames: [UInt64] = [schedule, take]
    ) {
        var task = vmon_task()
        task.pid = pid
        task.tgid = tgid ?? pid
        task.start_time_ns = 1000 + UInt64(pid)
        task.comm = fixed("task-\(pid)")
        task.state = state.asciiValue!
        task.flags = flags
        writer.task(task, kernelFrames: frames)
    }

    /// A task that waits; by default for longer than tests of moments care for.
    mutating func wait(
        _ pid: UInt32, for lock: UInt64, _ kind: vmon_lock_kind = VMON_LOCK_MUTEX, owner: UInt32? = nil,
        tgid: UInt32? = nil, frames: [UInt64] = [schedule, take],
        change: (inout vmon_blocked) -> Void = { _ in }
    ) {
        task(pid, tgid: tgid, frames: frames)
        var blocked = vmon_blocked()
        blocked.pid = pid
        blocked.lock = lock
        blocked.kind = kind.rawValue
        blocked.waited_ns = 2_000_000_000
        if let owner {
            blocked.flags |= VMON_BLOCKED_OWNER.rawValue
            blocked.owner_pid = owner
            blocked.owner_tgid = owner
            blocked.owner_start_time_ns = 1000 + UInt64(owner)
            blocked.owner_comm = fixed("task-\(owner)")
        }
        change(&blocked)
        writer.append(VMON_RECORD_BLOCKED, blocked)
    }

    /// A thread that waits for a pthread mutex.
    mutating func waitForFutex(
        _ pid: UInt32, of tgid: UInt32 = 100, address: UInt64, words: (UInt32, UInt32, UInt32, UInt32),
        change: (inout vmon_blocked) -> Void = { _ in }
    ) {
        wait(pid, for: 0, VMON_LOCK_FUTEX, tgid: tgid) {
            $0.flags =
                VMON_BLOCKED_FUTEX.rawValue | VMON_BLOCKED_FUTEX_WORDS.rawValue
                | VMON_BLOCKED_FUTEX_PIDS.rawValue
            $0.futex = address
            $0.futex_operation = 128
            $0.futex_words = words
            change(&$0)
        }
    }

    func graph() throws -> WaitForGraph {
        var recording = Recording()
        recording.append(writer.bytes)
        #expect(recording.damages.isEmpty)
        return WaitForGraph(
            try #require(recording.dumps.first),
            functions: KernelSymbols(kallsyms: Array(Self.kallsyms.utf8), modules: []),
            variables: KernelVariables(kallsyms: { Array(Self.kallsyms.utf8) }))
    }

    /// Each verdict as `NAME first second; behind`.
    func verdicts() throws -> [String] {
        try graph().verdicts().map { verdict in
            func pids(_ waits: [Wait]) -> String { waits.map { " \($0.waiter.id.pid)" }.joined() }
            return verdict.name + pids(verdict.waits)
                + (verdict.behind.isEmpty ? "" : ";" + pids(verdict.behind))
        }
    }
}
