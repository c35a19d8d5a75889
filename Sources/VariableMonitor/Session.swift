// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

/// The device as this process has it open, and with it the process's watches.
///
/// A session belongs to the address space that opened it. A child of fork(2)
/// inherits the descriptor, but the module answers it with EIO; the child then opens
/// a session of its own, and its parent's watches stay as they are.
final class Session: Sendable {
    private let kernel: any Kernel
    /// The open device; tests hold its lock.
    let descriptor = ForkSafeLock<CInt?>(nil)

    /// The only one outside tests.
    static let ofProcess: Session = {
        let session = Session(kernel: DeviceKernel())
        // No fork while another thread is inside: its child would find the lock taken for ever.
        pthread_atfork(
            { Session.ofProcess.descriptor.lock() },
            { Session.ofProcess.descriptor.unlock() },
            { Session.ofProcess.descriptor.unlock() })
        return session
    }()

    init(kernel: any Kernel) {
        self.kernel = kernel
    }

    /// Starts a watch; the public `startWatch`, but for its defaults.
    @discardableResult
    func watch<Value: Watchable>(
        @_nonEphemeral _ variable: UnsafePointer<Value>, when condition: Condition<Value>,
        ticks: Int = 1, history: Int = 0, every interval: Duration? = nil, name: String
    ) throws(WatchError) -> Watch<Value> {
        let request = try vmon_watch_condition(
            address: UInt(bitPattern: variable), when: condition, ticks: ticks, history: history,
            every: interval, name: name)
        let handle = AnyWatch(id: try start(request), session: self)
        return Watch(handle: handle, condition: condition)
    }

    private func start(_ request: vmon_watch_condition) throws(WatchError) -> UInt64 {
        let started: Result<UInt64, WatchError> = descriptor.withLock { open in
            var request = request
            while true {
                let inherited = open
                let current = inherited ?? kernel.open()
                guard current >= 0 else { return .failure(WatchError(opening: -current)) }
                open = current

                let result =
                    request.isPlain
                    ? kernel.watch(current, &request.watch) : kernel.watch(current, &request)
                guard result < 0 else { return .success(request.watch.id) }
                let lost = forget(&open, after: result, opened: inherited == nil)
                guard lost, inherited != nil else { return .failure(WatchError(ioctl: -result)) }
            }
        }
        return try started.get()
    }

    /// Gives a watch other values.
    func change(_ change: vmon_change) throws(WatchError) {
        _ = try ask { kernel.change($0, change) }
    }

    func state(of id: UInt64) throws(WatchError) -> WatchState {
        var state = vmon_watch_state()
        state.id = id
        _ = try ask { kernel.state($0, &state) }
        return WatchState(state)
    }

    /// The process's watches, the oldest first.
    func watches() throws(WatchError) -> [AnyWatch] {
        // No process has more, so a list of that size is never cut short.
        var ids = [UInt64](repeating: 0, count: Int(MAX_TIMER_NUM * TIMER_MAX_WATCH_NUM))
        let count = try ask(ifNone: 0) { kernel.list($0, &ids) }
        return ids.prefix(Int(count)).map { AnyWatch(id: $0, session: self) }
    }

    /// Ends one watch; one that ended already is no error.
    func cancel(_ id: UInt64) throws(WatchError) {
        _ = try ask(ifNone: 0) { kernel.cancel($0, id) }
    }

    /// Ends all watches of this process; none is no error.
    func cancelAll() throws(WatchError) {
        _ = try ask(ifNone: 0) { kernel.cancelAll($0) }
    }

    /// Asks about watches that were started before: not this process's own, if there is no session.
    ///
    /// - Parameter none: what it returns in place of an error if there is no such watch.
    private func ask(
        ifNone none: CInt? = nil, _ call: (_ descriptor: CInt) -> CInt
    ) throws(WatchError) -> CInt {
        let result: CInt = descriptor.withLock { open in
            guard let current = open else { return -ENOENT }
            let result = call(current)
            return forget(&open, after: result, opened: false) ? -ENOENT : result
        }
        if result == -ENOENT, let none { return none }
        guard result >= 0 else { throw WatchError(ioctl: -result) }
        return result
    }

    /// Whether that result says that the descriptor is no session of this process. It
    /// is then a parent's, or the program closed it, as daemons close all they
    /// inherit, and its number may by now be another file's: not to be closed here.
    private func forget(_ open: inout CInt?, after result: CInt, opened: Bool) -> Bool {
        guard let current = open, [-EIO, -EBADF, -ENOTTY].contains(result) else { return false }
        if opened || result == -EIO { kernel.close(current) }
        open = nil
        return true
    }
}
