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
        case cancelAll(CInt)
    }

    private struct State {
        var calls: [Call] = []
        var requests: [vmon_watch] = []
        var nextDescriptor: CInt = 10
        var openError: CInt = 0
        var errors: [CInt: CInt] = [:]
        var errorOfAll: CInt = 0
    }

    private let state = Mutex(State())

    /// Everything asked so far, in order.
    var calls: [Call] { state.withLock { $0.calls } }
    /// The requests of all calls of `watch`.
    var requests: [vmon_watch] { state.withLock { $0.requests } }

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
        let answer: (result: CInt, id: UInt64) = state.withLock { [request] state in
            state.calls.append(.watch(descriptor))
            state.requests.append(request)
            return (-(state.errors[descriptor] ?? state.errorOfAll), UInt64(state.requests.count))
        }
        if answer.result == 0 { request.id = answer.id }
        return answer.result
    }

    func cancelAll(_ descriptor: CInt) -> CInt {
        state.withLock { state in
            state.calls.append(.cancelAll(descriptor))
            return -(state.errors[descriptor] ?? state.errorOfAll)
        }
    }
}

nonisolated(unsafe) var watchedGlobal = 0

extension Session {
    /// Watches a global with everything else left alone.
    @discardableResult
    func watchGlobal() throws(WatchError) -> Watch {
        unsafe try watch(&watchedGlobal, threshold: 150, when: .above, every: nil, name: "temp")
    }
}
