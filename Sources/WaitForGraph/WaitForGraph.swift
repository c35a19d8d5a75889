// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// Who waits for whom in a dump: tasks that wait for locks, and the tasks that hold these.
///
/// It is made of what the dump says for certain, and of suspicions that are marked as such. Dumps may be
/// of hostile making: nothing here recurses, and time and memory grow with the dump's size.
public struct WaitForGraph {
    public let dump: Dump
    /// One for each task that waits, in the dump's order.
    public private(set) var waits: [Wait] = []
    /// Tasks that were caught while they tried to get a spinlock.
    public private(set) var spinners: [Party] = []
    /// The variables that locks are in, by the locks' addresses.
    public let variables: [UInt64: Symbol]

    let code: KernelCode
    private var parties: [UInt32: Party] = [:]
    private var indexOfWait: [Party.ID: Int] = [:]

    /// Tasks that wait for so long surely waited at one moment, whoever was looked at first.
    static let patience: UInt64 = 1_000_000_000  // ns

    /// - Parameters:
    ///   - functions: of the kernel that made the dump.
    ///   - variables: of the same kernel.
    public init(_ dump: Dump, functions: KernelSymbols, variables: KernelVariables) {
        self.dump = dump
        code = KernelCode(symbols: functions)
        self.variables = variables.symbols(at: Set(dump.blocked.values.compactMap(\.lock)))
        for (index, task) in dump.tasks.enumerated() where parties[task.pid] == nil {
            parties[task.pid] = Party(task, index: index)
            add(task)
        }
        for index in waits.indices { waits[index].holder = holder(of: waits[index]) }
        addSuspects()
    }

    private mutating func add(_ task: CapturedTask) {
        let waiter = parties[task.pid]!
        guard let blocked = dump.blocked[task.pid] else {
            if code.spins(task) { spinners.append(waiter) }
            return
        }
        // Who spins does not say for what.
        if blocked.kind == .spinlock, blocked.lock == nil { return spinners.append(waiter) }
        // A futex may be anything but a lock, and most are.
        let isFutex = blocked.kind == .futex
        if isFutex, blocked.futex.flatMap(PthreadMutex.init) == nil { return }
        let lock =
            isFutex
            ? blocked.futex.map { Lock.pthreadMutex(tgid: task.tgid, address: $0.address) }
            : blocked.lock.map(Lock.kernel)
        indexOfWait[waiter.id] = waits.count
        waits.append(Wait(waiter: waiter, blocked: blocked, lock: lock, holder: .unknown))
    }

    /// As far as the lock itself tells.
    private func holder(of wait: Wait) -> Wait.Holder {
        switch wait.blocked.owner {
        case .live(let owner): return .task(party(owner))
        case .exited(let owner): return .exited(party(owner))
        case .gone: return .exited(nil)
        case nil: break
        }
        // Its number means a thread only if there is one, and of the same process.
        if wait.blocked.kind == .futex, let mutex = wait.blocked.futex.flatMap(PthreadMutex.init),
            let owner = parties[mutex.ownerTID], owner.tgid == wait.waiter.tgid
        {
            return .task(owner)
        }
        return .unknown
    }

    /// The task of that owner; it may have been captured or not.
    private func party(_ owner: BlockedOn.Owner) -> Party {
        let named = Party(owner)
        guard let captured = parties[owner.pid], captured.id == named.id else { return named }
        return captured
    }

    /// The wait of a task; nil if it waits for no lock.
    public func wait(of party: Party) -> Wait? {
        indexOfWait(of: party).map { waits[$0] }
    }

    func indexOfWait(of party: Party) -> Int? {
        indexOfWait[party.id]
    }

    public func task(_ party: Party) -> CapturedTask? {
        party.index.map { dump.tasks[$0] }
    }

    /// What a task does that waits for no lock.
    public func activity(of party: Party) -> Activity {
        task(party).map(code.activity) ?? .isNotInDump
    }
}

/// Locks that do not say who holds them: semaphores, and rwsems while readers hold them.
///
/// Who holds one can only be suspected. A module's lock is taken by that module's code, so if all
/// tasks that are in there were captured, the holder is among them.
extension WaitForGraph {
    /// So many are looked into; beyond, each with each would take too long.
    private static let suspicionsMax = 256
    /// That one of a crowd holds a lock says nothing.
    private static let suspectsMax = 64

    private mutating func addSuspects() {
        let open = waits.indices.compactMap { index in
            moduleOfUnownedLock(waits[index]).map { (index, module: $0) }
        }
        guard !open.isEmpty, open.count <= Self.suspicionsMax else { return }
        let inside = partiesByModule(Set(open.map(\.module)))
        for (index, module) in open {
            let lock = waits[index].lock
            let suspects = inside[module, default: []].filter { party in wait(of: party)?.lock != lock }
            guard (1...Self.suspectsMax).contains(suspects.count) else { continue }
            waits[index].holder = .suspects(suspects, module: module)
        }
    }

    private func moduleOfUnownedLock(_ wait: Wait) -> String? {
        guard case .unknown = wait.holder, let lock = wait.blocked.lock else { return nil }
        let hasNoOwner =
            switch wait.blocked.kind {
            case .semaphore: true
            case .rwsemRead, .rwsemWrite: wait.blocked.readers ?? 0 > 0
            default: false
            }
        return hasNoOwner ? variables[lock]?.kernelModule : nil
    }

    private func partiesByModule(_ wanted: Set<String>) -> [String: [Party]] {
        var inside: [String: [Party]] = [:]
        for (index, task) in dump.tasks.enumerated() where parties[task.pid]?.index == index {
            for module in code.modules(of: task).intersection(wanted) {
                inside[module, default: []].append(parties[task.pid]!)
            }
        }
        return inside
    }
}
