// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import RecordWriting
import Testing

@testable import WaitForGraph

/// What is said of locks that name their owners.
@Suite struct VerdictTests {
    private func verdicts(_ make: (inout Scene) -> Void) throws -> [String] {
        var scene = Scene()
        make(&scene)
        return try scene.verdicts()
    }

    @Test func nothingToSay() throws {
        #expect(try verdicts { $0.task(1) } == [])
    }

    @Test func twoWaitForEachOther() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, owner: 2)
                $0.wait(2, for: Scene.lockA, owner: 1)
            } == ["CYCLE 1 2"])
    }

    /// A circle has a task on it where every walk through the graph may enter.
    @Test func aCircleIsFoundOnceWithAllWhoWaitBehindIt() throws {
        #expect(
            try verdicts {
                $0.wait(9, for: Scene.lockC, owner: 8)
                $0.wait(8, for: Scene.lockB, owner: 3)
                $0.wait(1, for: Scene.lockA, owner: 2)
                $0.wait(2, for: Scene.lockB, VMON_LOCK_RWSEM_WRITE, owner: 3)
                $0.wait(3, for: Scene.lockC, VMON_LOCK_RT_MUTEX, owner: 1)
                $0.wait(7, for: Scene.lockA, owner: 2)
            } == ["CYCLE 3 1 2; 9 8 7"])
    }

    @Test func twoCircles() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: 0x10, owner: 2)
                $0.wait(2, for: 0x20, owner: 1)
                $0.wait(3, for: 0x30, owner: 4)
                $0.wait(4, for: 0x40, owner: 3)
            } == ["CYCLE 1 2", "CYCLE 3 4"])
    }

    @Test func oneWaitsForItself() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockA, owner: 1) { $0.waited_ns = 0 }
                $0.wait(2, for: Scene.lockA, owner: 1)
            } == ["SELF 1; 2"])
    }

    /// The first lets go and takes both locks while the dump looks at the second: no deadlock.
    @Test(arguments: [0, 1, 999_999_999] as [UInt64])
    func aCircleOfSeveralMomentsIsNone(_ waited: UInt64) throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, owner: 2)
                $0.wait(2, for: Scene.lockA, owner: 1) { $0.waited_ns = waited }
            } == ["CHAIN 1 2"])
    }

    /// The pid of the owner belongs to somebody else by now.
    @Test func anotherTaskWithTheOwnersPidIsNotTheOwner() throws {
        var scene = Scene()
        scene.wait(1, for: Scene.lockB, owner: 2) { $0.owner_start_time_ns = 7 }
        scene.wait(2, for: Scene.lockA, owner: 1)
        #expect(try scene.verdicts() == ["CHAIN 2 1"])
        let kind = try #require(try scene.graph().verdicts().first).kind
        guard case .chain(let holder, .isNotInDump) = kind else {
            Issue.record("\(kind)")
            return
        }
        #expect(holder.id == .init(pid: 2, startTime: 7))
    }

    @Test func ownersThatExited() throws {
        func exit(_ blocked: inout vmon_blocked) { blocked.flags |= VMON_BLOCKED_OWNER_EXITED.rawValue }
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockA, owner: 5, change: exit)
                $0.wait(2, for: Scene.lockA, owner: 5, change: exit)
                $0.wait(3, for: Scene.lockB, owner: 2)
                $0.wait(4, for: Scene.lockC, owner: 0, change: exit)
            } == ["ORPHAN 1; 2 3", "ORPHAN 4"])
    }

    @Test(
        arguments: [
            ("R", [], Activity.runs), ("S", [], .sleeps), ("D", [Scene.schedule], .waits),
            ("D", [Scene.schedule, Scene.waitOnPage], .waitsForIO), ("T", [], .isStopped),
            ("Z", [], .hasExited),
            ("x", [], .other(UInt8(ascii: "x"))),
        ] as [(Character, [UInt64], Activity)])
    func whatTheEndOfAChainDoes(_ state: Character, _ frames: [UInt64], _ expected: Activity) throws {
        var scene = Scene()
        scene.wait(1, for: Scene.lockA, owner: 2)
        scene.wait(2, for: Scene.lockB, owner: 3)
        scene.wait(4, for: Scene.lockB, owner: 3)
        scene.task(3, state: state, frames: frames)
        #expect(try scene.verdicts() == ["CHAIN 1 2; 4"])
        let kind = try #require(try scene.graph().verdicts().first).kind
        guard case .chain(let holder, expected) = kind else {
            Issue.record("\(kind)")
            return
        }
        #expect(holder.id.pid == 3 && holder.index == 3)
    }

    @Test func locksWithoutATellOfTheirOwner() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockA, VMON_LOCK_UNKNOWN)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_UNKNOWN)
                $0.wait(3, for: 0, VMON_LOCK_UNKNOWN)
                $0.wait(4, for: 0, VMON_LOCK_UNKNOWN)
            } == ["UNKNOWN 1; 2", "UNKNOWN 3", "UNKNOWN 4"])
    }

    @Test func tasksThatSpin() throws {
        var scene = Scene()
        scene.wait(1, for: 0, VMON_LOCK_SPINLOCK)
        scene.task(2, state: "R", flags: VMON_TASK_ON_CPU.rawValue, frames: [Scene.slowpath])
        // It was in there once; what it does now is not known.
        scene.task(3, state: "R", frames: [Scene.slowpath])
        scene.task(4, state: "R", flags: VMON_TASK_ON_CPU.rawValue, frames: [Scene.take])
        let verdicts = try scene.graph().verdicts()
        guard case .spinning(let parties) = verdicts.first?.kind else {
            Issue.record("\(verdicts)")
            return
        }
        #expect(verdicts.count == 1 && !verdicts[0].isDeadlock)
        #expect(parties.map(\.id.pid) == [1, 2])
    }

    @Test func deadlocksComeFirst() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: 0x10, owner: 2)
                $0.task(2)
                $0.wait(3, for: 0x30, owner: 3)
            } == ["SELF 3", "CHAIN 1"])
    }

    /// Records are of hostile making: the same task twice, waits of nobody, long chains.
    @Test func recordsThatMakeNoSense() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: 0x10, owner: 2)
                $0.wait(1, for: 0x20, owner: 1)
            } == ["SELF 1"])
        var orphaned = RecordWriter()
        var blocked = vmon_blocked()
        blocked.pid = 77
        orphaned.append(VMON_RECORD_BLOCKED, blocked)
        var recording = Recording()
        recording.append(orphaned.bytes)
        #expect(recording.dumps[0].blocked[77] != nil)
        let long: UInt32 = 20_000
        #expect(
            try verdicts { scene in
                for pid in 1...long { scene.wait(pid, for: UInt64(pid), owner: pid % long + 1, frames: []) }
            }.map { $0.prefix(9) } == ["CYCLE 1 2"])
        #expect(
            try verdicts { scene in
                for pid in 1...long { scene.wait(pid, for: UInt64(pid), owner: pid + 1, frames: []) }
            }.map { $0.prefix(9) } == ["CHAIN 1 2"])
    }
}
