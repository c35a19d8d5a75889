// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc
import Synchronization

@testable import VariableMonitor

/// A kernel that writes down what it is asked, and answers as it is told.
final class FakeKernel: Kernel {
    enum Call: Equatable {
        case open
        case close(CInt)
        case watch(CInt)
        case watchCondition(CInt)
        case change(CInt)
        case state(CInt)
        case list(CInt)
        case cancel(CInt, UInt64)
        case cancelAll(CInt)
    }

    private struct State {
        var calls: [Call] = []
        var requests: [vmon_watch_condition] = []
        var changes: [vmon_change] = []
        var told = vmon_watch_state()
        var living: [UInt64] = []
        var nextDescriptor: CInt = 10
        var openError: CInt = 0
        var errors: [CInt: CInt] = [:]
        var errorOfAll: CInt = 0
    }

    private let state = Mutex(State())

    /// Everything asked so far, in order.
    var calls: [Call] { state.withLock { $0.calls } }
    /// The requests of all calls of either `watch`.
    var requests: [vmon_watch_condition] { state.withLock { $0.requests } }
    var changes: [vmon_change] { state.withLock { $0.changes } }

    /// What is told from now on of every watch's state.
    func tell(_ told: vmon_watch_state) { state.withLock { $0.told = told } }

    /// From now on opening fails with that errno; 0: it succeeds.
    func failOpening(with errno: CInt) { state.withLock { $0.openError = errno } }
    /// From now on calls on that descriptor fail with that errno.
    func fail(_ descriptor: CInt, with errno: CInt) {
        state.withLock { $0.errors[descriptor] = errno }
    }
    /// From now on calls on any descriptor fail with that errno.
    func failAll(with errno: CInt) { state.withLock { $0.errorOfAll = errno } }

    /// Descriptors are 10, 11, …
    func open() -> CInt {
        state.withLock { state in
            state.calls.append(.open)
            precondition(state.calls.count < 1_000, "the session asks for ever")
            guard state.openError == 0 else { return -state.openError }
            defer { state.nextDescriptor += 1 }
            return state.nextDescriptor
        }
    }

    func close(_ descriptor: CInt) {
        state.withLock { $0.calls.append(.close(descriptor)) }
    }

    /// Watches are numbered 1, 2, …
    func watch(_ descriptor: CInt, _ request: inout vmon_watch) -> CInt {
        var condition = vmon_watch_condition()
        condition.watch = request
        defer { request = condition.watch }
        return start(.watch(descriptor), descriptor, &condition)
    }

    func watch(_ descriptor: CInt, _ request: inout vmon_watch_condition) -> CInt {
        start(.watchCondition(descriptor), descriptor, &request)
    }

    private func start(
        _ call: Call, _ descriptor: CInt, _ request: inout vmon_watch_condition
    ) -> CInt {
        let asked = request
        let answer: (result: CInt, id: UInt64) = state.withLock { state in
            state.requests.append(asked)
            let result = note(call, descriptor, &state)
            let id = UInt64(state.requests.count)
            if result == 0 { state.living.append(id) }
            return (result, id)
        }
        if answer.result == 0 { request.watch.id = answer.id }
        return answer.result
    }

    private func note(_ call: Call, _ descriptor: CInt, _ state: inout State) -> CInt {
        state.calls.append(call)
        return -(state.errors[descriptor] ?? state.errorOfAll)
    }

    func change(_ descriptor: CInt, _ change: vmon_change) -> CInt {
        state.withLock { state in
            state.changes.append(change)
            return note(.change(descriptor), descriptor, &state)
        }
    }

    func state(_ descriptor: CInt, _ told: inout vmon_watch_state) -> CInt {
        let answer = state.withLock { state in
            (result: note(.state(descriptor), descriptor, &state), told: state.told)
        }
        let id = told.id
        told = answer.told
        told.id = id
        return answer.result
    }

    func list(_ descriptor: CInt, _ ids: inout [UInt64]) -> CInt {
        let answer = state.withLock { state in
            (result: note(.list(descriptor), descriptor, &state), living: state.living)
        }
        guard answer.result == 0 else { return answer.result }
        for (place, id) in answer.living.prefix(ids.count).enumerated() { ids[place] = id }
        return CInt(answer.living.count)
    }

    func cancel(_ descriptor: CInt, _ id: UInt64) -> CInt {
        state.withLock { state in
            let result = note(.cancel(descriptor, id), descriptor, &state)
            guard result == 0 else { return result }
            let before = state.living.count
            state.living.removeAll { $0 == id }
            return state.living.count < before ? 0 : -ENOENT
        }
    }

    func cancelAll(_ descriptor: CInt) -> CInt {
        state.withLock { state in
            let result = note(.cancelAll(descriptor), descriptor, &state)
            if result == 0 { state.living = [] }
            return result
        }
    }
}

nonisolated(unsafe) var watchedGlobal = 0

extension Session {
    /// Watches a global with everything else left alone.
    @discardableResult
    func watchGlobal(when condition: Condition<Int> = .above(150)) throws(WatchError) -> Watch<Int> {
        unsafe try watch(&watchedGlobal, when: condition, name: "temp")
    }
}
