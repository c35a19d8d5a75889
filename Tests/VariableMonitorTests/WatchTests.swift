// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc
import Testing

@testable import VariableMonitor

@Suite("A handle of a watch")
struct WatchTests {
    let kernel = FakeKernel()
    let session: Session

    init() {
        session = Session(kernel: kernel)
    }

    @Test("starts plain thresholds as such, and other conditions with theirs")
    func kinds() throws {
        try session.watchGlobal()
        try session.watchGlobal(when: .changed)
        #expect(kernel.calls == [.open, .watch(10), .watchCondition(10)])
    }

    @Test("cancels its own watch, twice if need be")
    func cancels() throws {
        let watches = [try session.watchGlobal(), try session.watchGlobal()]
        try watches[0].cancel()
        #expect(try session.watches() == [watches[1].handle])
        try watches[0].cancel()
        #expect(kernel.calls.suffix(3) == [.cancel(10, 1), .list(10), .cancel(10, 1)])
    }

    @Test("changes the threshold, and keeps the comparison")
    func threshold() throws {
        for condition: Condition<Int> in [.above(1), .below(1), .equal(1), .notEqual(1)] {
            let watch = try session.watchGlobal(when: condition)
            try watch.change(threshold: -200)
            let change = try #require(kernel.changes.last)
            #expect(change.id == watch.id)
            #expect(change.threshold == UInt64(bitPattern: -200))
            #expect(change.high == 0 && change.rearm == 0)
        }
    }

    @Test("changes all values of a condition")
    func values() throws {
        let watch = try session.watchGlobal(when: .outside(1...2))
        try watch.change(to: .outside(3...4))
        #expect(kernel.changes.last?.threshold == 3 && kernel.changes.last?.high == 4)
        let other = try session.watchGlobal(when: .above(9, rearm: 3))
        try other.change(to: .above(8, rearm: 2))
        #expect(kernel.changes.last?.threshold == 8 && kernel.changes.last?.rearm == 2)
    }

    @Test("does not make another condition of it, nor a senseless one")
    func otherKinds() throws {
        let plain = try session.watchGlobal()
        let rearmed = try session.watchGlobal(when: .above(9, rearm: 3))
        let range = try session.watchGlobal(when: .outside(1...2))
        let before = kernel.calls
        let attempts: [() throws -> Void] = [
            { try plain.change(to: .below(5)) }, { try plain.change(to: .above(5, rearm: 4)) },
            { try rearmed.change(threshold: 5) }, { try rearmed.change(to: .above(5)) },
            { try rearmed.change(to: .above(5, rearm: 6)) }, { try range.change(threshold: 5) },
        ]
        for attempt in attempts {
            let error = #expect(throws: WatchError.self) { try attempt() }
            #expect(error == WatchError(.invalidCondition))
        }
        #expect(kernel.calls == before)
    }

    @Test("tells how its watch is")
    func state() throws {
        let watch = try session.watchGlobal()
        kernel.tell(
            vmon_watch_state(
                id: 0, hits: 1, muted_ticks: 2, timer_ticks: 3, throttled_ticks: 4,
                interval_ns: 10_000, current_interval_ns: 20_000,
                flags: VMON_STATE_MUTED.rawValue, reserved: 0))
        let state = try watch.state()
        #expect(state.hits == 1 && state.mutedTicks == 2)
        #expect(state.timerTicks == 3 && state.throttledTicks == 4)
        #expect(state.interval == .microseconds(10) && state.currentInterval == .microseconds(20))
        #expect(state.isThrottled && state.isMuted && !state.isDisarmed && !state.isUnreadable)

        kernel.tell(
            vmon_watch_state(
                id: 0, hits: .max, muted_ticks: .max, timer_ticks: .max, throttled_ticks: .max,
                interval_ns: .max, current_interval_ns: .max,
                flags: VMON_STATE_DISARMED.rawValue | VMON_STATE_UNREADABLE.rawValue, reserved: 0))
        let other = try watch.handle.state()
        #expect(!other.isThrottled && !other.isMuted && other.isDisarmed && other.isUnreadable)
    }

    @Test("says that a watch is none of this process's", arguments: [ENOENT, EIO])
    func gone(errno: CInt) throws {
        let watch = try session.watchGlobal()
        kernel.fail(10, with: errno)
        var error = #expect(throws: WatchError.self) { try watch.state() }
        #expect(error?.code == .noSuchWatch)
        error = #expect(throws: WatchError.self) { try watch.change(threshold: 1) }
        #expect(error?.code == .noSuchWatch)
        #expect(throws: Never.self) { try watch.cancel() }
        // A parent's session is left alone, and is none of a child's.
        let listed = Result { try session.watches() }
        #expect(try errno == EIO ? listed.get() == [] : true)
        #expect(kernel.calls.filter { $0 == .close(10) }.count == (errno == EIO ? 1 : 0))
    }

    @Test("lists nothing, and opens nothing, before the first watch")
    func listsNothing() throws {
        #expect(try session.watches() == [])
        #expect(kernel.calls == [])
    }
}

@Suite("A watched cell")
struct WatchedTests {
    let kernel = FakeKernel()
    let session: Session

    init() {
        session = Session(kernel: kernel)
    }

    private func check<Value: Watchable>(_ values: [Value], length: UInt8) throws {
        let cell = Watched(values[0], session: session)
        for value in values {
            cell.value = value
            #expect(cell.value == value)
        }
        let watch = try cell.startWatch(
            when: .above(values[0]), ticks: 1, history: 0, every: nil, name: "cell")
        let request = try #require(kernel.requests.last).watch
        #expect(request.length == length)
        #expect(request.address % UInt64(length) == 0, "it crosses no cache line")
        let place = unsafe UnsafePointer<Value>(bitPattern: UInt(request.address))
        #expect(unsafe place?.pointee == values.last, "it is the cell's own memory")
        #expect(watch.id == UInt64(kernel.requests.count))
    }

    @Test("holds every value of every type, where it is watched")
    func types() throws {
        try check([Int8.min, -1, .max], length: 1)
        try check([Int16.min, -1, .max], length: 2)
        try check([Int32.min, -1, .max], length: 4)
        try check([Int64.min, -1, .max], length: 8)
        try check([Int.min, -1, .max], length: 8)
        try check([UInt8.min, .max], length: 1)
        try check([UInt16.min, .max], length: 2)
        try check([UInt32.min, .max], length: 4)
        try check([UInt64.min, .max], length: 8)
        try check([UInt.min, .max], length: 8)
        try check([-Float.infinity, 1.5, .leastNonzeroMagnitude], length: 4)
        try check([-Double.infinity, 1.5, .leastNonzeroMagnitude], length: 8)
    }

    @Test("ends its watches when it goes, and only those")
    func ends() throws {
        try session.watchGlobal()
        do {
            let cell = Watched(0, session: session)
            for _ in 0..<2 {
                _ = try cell.startWatch(when: .changed, ticks: 1, history: 0, every: nil, name: "cell")
            }
            #expect(try session.watches().map(\.id) == [1, 2, 3])
            cell.value = 1
        }
        #expect(try session.watches().map(\.id) == [1])
    }

    @Test("forgets watches that ended, however often it is watched anew")
    func forgets() throws {
        let rounds = 4_100
        do {
            let cell = Watched(0, session: session)
            for _ in 0..<rounds {
                try cell.startWatch(
                    when: .changed, ticks: 1, history: 0, every: nil, name: "cell"
                ).cancel()
            }
        }
        let cancelled = kernel.calls.count { if case .cancel = $0 { true } else { false } }
        #expect(cancelled < rounds + 10)
    }

    @Test("adds without losing what other threads add, and wraps around")
    func adds() async {
        let cell = Watched<UInt16>(0)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10_000 { cell.add(1) } }
            }
        }
        #expect(cell.value == UInt16(truncatingIfNeeded: 80_000))
        let least = Watched(Int8.min)
        #expect(least.add(-1) == Int8.max)
        #expect(least.value == Int8.max)
        #expect(Watched(UInt32.max).add(2) == 1)
        #expect(Watched(-5).add(2) == -3)
    }
}
