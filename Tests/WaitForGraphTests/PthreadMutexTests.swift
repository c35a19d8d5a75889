// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import Testing

@testable import WaitForGraph

/// Words in a program's memory: whose they are, and when they must not be believed.
@Suite struct PthreadMutexTests {
    private func verdicts(_ make: (inout Scene) -> Void) throws -> [String] {
        var scene = Scene()
        make(&scene)
        return try scene.verdicts()
    }

    @Test func twoThreadsWaitForEachOther() throws {
        #expect(
            try verdicts {
                $0.waitForFutex(101, address: 0x10, words: (2, 0, 102, 1))
                $0.waitForFutex(102, address: 0x20, words: (2, 1, 101, 2))
            } == ["CYCLE 101 102"])
    }

    @Test func robustMutexesHaveTheirOwnerInTheLock() throws {
        #expect(
            try verdicts {
                $0.waitForFutex(101, address: 0x10, words: (0x8000_0000 | 102, 0, 102, 1))
                $0.task(102, tgid: 100, state: "S")
            } == ["CHAIN 101"])
    }

    /// Equal addresses of two processes are two locks.
    @Test func addressesAreOfProcesses() throws {
        #expect(
            try verdicts {
                $0.waitForFutex(101, of: 100, address: 0x10, words: (2, 0, 900, 1))
                $0.waitForFutex(201, of: 200, address: 0x10, words: (2, 0, 900, 1))
            } == ["UNKNOWN 101", "UNKNOWN 201"])
    }

    /// With a mutex shared between processes, or in a pid namespace, the number may be another's.
    @Test func ownersOfOtherProcessesAreNotBelieved() throws {
        #expect(
            try verdicts {
                $0.waitForFutex(101, of: 100, address: 0x10, words: (2, 0, 201, 1))
                $0.waitForFutex(201, of: 200, address: 0x10, words: (2, 0, 101, 1))
            } == ["UNKNOWN 101", "UNKNOWN 201"])
    }

    @Test(
        arguments: [
            (1, 0, 102, 1), (2, 0, 0, 1), (2, 0, 102, 0), (0, 0, 102, 1), (102, 0, 102, 1),
            (0x8000_0067, 0, 102, 1),
        ] as [(UInt32, UInt32, UInt32, UInt32)])
    func wordsOfSomethingElse(_ words: (UInt32, UInt32, UInt32, UInt32)) throws {
        #expect(
            try verdicts {
                $0.waitForFutex(101, address: 0x10, words: words)
                $0.task(102, tgid: 100, state: "S")
            } == [])
    }

    @Test(
        arguments: [
            { $0.futex_operation = 9 | 128 },
            { $0.flags &= ~VMON_BLOCKED_FUTEX_PIDS.rawValue },
            { $0.flags &= ~VMON_BLOCKED_FUTEX_WORDS.rawValue },
            { $0.flags &= ~VMON_BLOCKED_FUTEX.rawValue },
        ] as [@Sendable (inout vmon_blocked) -> Void])
    func whatIsNotSurelyAMutex(_ change: @Sendable (inout vmon_blocked) -> Void) throws {
        #expect(
            try verdicts {
                $0.waitForFutex(101, address: 0x10, words: (2, 0, 102, 1), change: change)
                $0.task(102, tgid: 100, state: "S")
            } == [])
    }

    /// The kernel itself knows the owner of one with priority inheritance.
    @Test func priorityInheritance() throws {
        #expect(
            try verdicts {
                $0.wait(101, for: 0xffff_8880_0000_1000, VMON_LOCK_RT_MUTEX, owner: 102, tgid: 100)
                $0.waitForFutex(102, of: 100, address: 0x20, words: (2, 0, 101, 1))
            } == ["CYCLE 101 102"])
    }
}
