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
        @_nonEphemeral _ variable: UnsafePointer<Value>, threshold: Value,
        when comparison: Comparison, every interval: Duration?, name: String
    ) throws(WatchError) -> Watch {
        let request = try vmon_watch(
            address: UInt(bitPattern: variable), threshold: threshold, when: comparison,
            every: interval, name: name)
        return Watch(id: try start(request))
    }

    private func start(_ request: vmon_watch) throws(WatchError) -> UInt64 {
        let started: Result<UInt64, WatchError> = descriptor.withLock { open in
            var request = request
            while true {
                let inherited = open
                let current = inherited ?? kernel.open()
                guard current >= 0 else { return .failure(WatchError(opening: -current)) }
                open = current

                let result = kernel.watch(current, &request)
                guard result < 0 else { return .success(request.id) }
                let lost = forget(&open, after: result, opened: inherited == nil)
                guard lost, inherited != nil else { return .failure(WatchError(ioctl: -result)) }
            }
        }
        return try started.get()
    }

    /// Ends all watches of this process; none is no error.
    func cancelAll() throws(WatchError) {
        let result: CInt = descriptor.withLock { open in
            guard let current = open else { return 0 }
            let result = kernel.cancelAll(current)
            return forget(&open, after: result, opened: false) ? 0 : result
        }
        guard result >= 0 else { throw WatchError(ioctl: -result) }
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
