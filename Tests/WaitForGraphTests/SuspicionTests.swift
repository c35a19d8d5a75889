// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import Testing

@testable import WaitForGraph

/// Locks that name no owner: what may be suspected, and when nothing may.
@Suite struct SuspicionTests {
    private func verdicts(_ make: (inout Scene) -> Void) throws -> [String] {
        var scene = Scene()
        make(&scene)
        return try scene.verdicts()
    }

    private func read(_ blocked: inout vmon_blocked) {
        blocked.flags |= VMON_BLOCKED_READERS.rawValue
        blocked.readers = 1
    }

    @Test func twoSemaphoresOfAModule() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_SEMAPHORE)
            } == ["LIKELY-CYCLE 1 2"])
    }

    @Test func aMutexAndASemaphore() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: Scene.lockA, owner: 1)
                $0.wait(3, for: Scene.lockC, owner: 2)
            } == ["LIKELY-CYCLE 1 2; 3"])
    }

    @Test func readers() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_RWSEM_WRITE, change: read)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_RWSEM_WRITE, change: read)
            } == ["LIKELY-CYCLE 1 2"])
        // Nobody reads: it was given back a moment ago.
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_RWSEM_WRITE)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_RWSEM_WRITE, change: read)
            } == ["UNKNOWN 1", "UNKNOWN 2"])
    }

    /// Somebody is in the module's code who can go on, and give back what the others wait for.
    @Test func notWhileSomebodyInThereGoesOn() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_SEMAPHORE)
                $0.task(3, state: "R")
            } == ["UNKNOWN 1", "UNKNOWN 2"])
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_SEMAPHORE)
                $0.wait(3, for: Scene.lockC, owner: 4)
                $0.task(4, state: "R", frames: [Scene.schedule])
            } == ["UNKNOWN 1", "UNKNOWN 2", "CHAIN 3"])
    }

    @Test func notWhenTheWaitsAreYoung() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_SEMAPHORE) { $0.waited_ns = 999_999_999 }
                $0.wait(2, for: Scene.lockA, VMON_LOCK_SEMAPHORE)
            } == ["UNKNOWN 1", "UNKNOWN 2"])
    }

    /// A crowd that waits for one semaphore tells nothing of who has it.
    @Test func notThoseWhoWaitForTheSameLock() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockA, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_SEMAPHORE)
            } == ["UNKNOWN 1; 2"])
    }

    @Test(arguments: [0xffff_8880_0000_1000, 0xffff_ffff_8100_0000] as [UInt64])
    func notForLocksOfNoModule(_ lock: UInt64) throws {
        #expect(
            try verdicts {
                $0.wait(1, for: lock, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: lock + 64, VMON_LOCK_SEMAPHORE)
            } == ["UNKNOWN 1", "UNKNOWN 2"])
    }

    @Test func notForTasksOutsideOfTheModule() throws {
        #expect(
            try verdicts {
                $0.wait(1, for: Scene.lockB, VMON_LOCK_SEMAPHORE)
                $0.wait(2, for: Scene.lockA, VMON_LOCK_SEMAPHORE, frames: [Scene.schedule])
            } == ["UNKNOWN 1", "UNKNOWN 2"])
    }

    /// Any of a hundred may have it; and each of a thousand with each other would take for ever.
    @Test(arguments: [200, 1000])
    func notWhenThereAreTooMany(_ count: Int) throws {
        #expect(
            try verdicts { scene in
                for pid in 1...count {
                    scene.wait(UInt32(pid), for: Scene.lockA + UInt64(pid % 2) * 64, VMON_LOCK_SEMAPHORE)
                }
            }.allSatisfy { $0.hasPrefix("UNKNOWN") })
    }
}
