// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Testing

@testable import DumpRecords

/// What a record says that a task waits for, and what it leaves open.
@Suite struct BlockedOnTests {
    private func recording(_ blocked: vmon_blocked) -> Recording {
        var writer = RecordWriter()
        writer.append(VMON_RECORD_BLOCKED, blocked)
        var recording = Recording()
        recording.append(writer.bytes)
        return recording
    }

    private func parsed(_ change: (inout vmon_blocked) -> Void) throws -> BlockedOn {
        var blocked = SampleDump.blocked
        change(&blocked)
        return try #require(recording(blocked).dumps.first?.blocked[43])
    }

    @Test func everyField() throws {
        let blocked = try parsed { _ in }
        #expect(blocked.kind == .rwsemWrite)
        #expect(blocked.lock == 0xffff_8880_0000_1000)
        #expect(blocked.waited == 5_000_000_000)
        #expect(
            blocked.owner == .live(.init(pid: 51, tgid: 50, startTime: 32, comm: RawText("holder"))))
        #expect(blocked.readers == 2)
        #expect(blocked.queue == .init(place: 1, waiters: 3, isTruncated: false))
        #expect(blocked.futex == .init(address: 0x6000, operation: 128, words: [2, 0, 51, 1], hasPIDs: true))
    }

    /// Zero is no address, no time and no task: a reader must not follow it.
    @Test func whatIsNotToldIsNil() throws {
        let blocked = try parsed {
            $0 = vmon_blocked()
            $0.pid = 43
        }
        #expect(blocked.kind == .unknown)
        #expect(blocked.lock == nil)
        #expect(blocked.waited == nil)
        #expect(blocked.owner == nil)
        #expect(blocked.readers == nil)
        #expect(blocked.queue == nil)
        #expect(blocked.futex == nil)
    }

    @Test func ownersThatExited() throws {
        let exited = VMON_BLOCKED_OWNER_EXITED.rawValue
        let zombie = try parsed { $0.flags |= exited }
        #expect(
            zombie.owner == .exited(.init(pid: 51, tgid: 50, startTime: 32, comm: RawText("holder"))))
        let gone = try parsed {
            $0.flags |= exited
            $0.owner_pid = 0
        }
        #expect(gone.owner == .gone)
    }

    @Test func aLongQueueAndAFutexThatCannotBeRead() throws {
        let blocked = try parsed {
            $0.flags |= VMON_BLOCKED_QUEUE_TRUNCATED.rawValue
            $0.flags &= ~VMON_BLOCKED_FUTEX_WORDS.rawValue
        }
        #expect(blocked.queue?.isTruncated == true)
        #expect(blocked.futex == .init(address: 0x6000, operation: 128, words: nil, hasPIDs: true))
    }

    @Test(arguments: [
        (VMON_LOCK_MUTEX.rawValue, BlockedOn.Kind.mutex), (VMON_LOCK_RWSEM_READ.rawValue, .rwsemRead),
        (VMON_LOCK_SEMAPHORE.rawValue, .semaphore), (VMON_LOCK_RT_MUTEX.rawValue, .rtMutex),
        (VMON_LOCK_SPINLOCK.rawValue, .spinlock), (VMON_LOCK_FUTEX.rawValue, .futex), (99, .other(99)),
    ])
    func kinds(_ value: UInt32, _ kind: BlockedOn.Kind) throws {
        #expect(try parsed { $0.kind = value }.kind == kind)
    }

    /// More before one than there are: arithmetic on that would trap.
    @Test func aPlaceBeyondTheQueueIsDamage() {
        var blocked = SampleDump.blocked
        blocked.queue_place = blocked.waiters
        let recording = recording(blocked)
        #expect(recording.damages.map(\.reason) == [.overLimit("waiters before one", 3)])
        #expect(recording.dumps.isEmpty)
    }

    @Test func aRecordThatIsTooShortIsDamage() {
        var writer = RecordWriter()
        writer.append(VMON_RECORD_BLOCKED, SampleDump.lost)
        var recording = Recording()
        recording.append(writer.bytes)
        #expect(recording.damages.map(\.reason) == [.pastEnd])
    }

    /// The search for the next record must know this type, whose number is not next to the others'.
    @Test func itIsFoundAgainBehindDamage() {
        var writer = RecordWriter()
        writer.append(VMON_RECORD_BLOCKED, SampleDump.blocked)
        writer.end()
        var recording = Recording()
        recording.append([UInt8](repeating: 0xff, count: 8) + writer.bytes)
        #expect(recording.dumps.first?.blocked[43] != nil)
        #expect(recording.damages.map(\.skipped) == [8])
    }
}
