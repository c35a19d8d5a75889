// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import VariableMonitor

// The overlay hides fork(2) from Swift; a program that links C still calls it.
@_silgen_name("fork") private func forkProcess() -> pid_t

/// Runs the body in a child of fork(2), and exits as the child did; a child that
/// hangs is ended by a signal.
private func exitAsChild(_ body: () -> Void) -> Never {
    let child = forkProcess()
    if child == 0 {
        // This may be one of Dispatch's threads, which take no signals.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        alarm(20)
        body()
        _exit(0)
    }
    var status: CInt = -1
    unsafe waitpid(child, &status, 0)
    _exit(status == 0 ? 0 : 1)
}

@Suite("After fork(2)")
struct ForkTests {
    @Test("threads of the child may wait for the lock")
    func contention() async {
        await #expect(processExitsWith: .success) {
            let lock = ForkSafeLock(0)
            // The standard library's Mutex learns this thread's number here.
            lock.withLock { $0 += 1 }
            exitAsChild {
                lock.withLock { _ in
                    Thread.detachNewThread { lock.withLock { $0 += 1 } }
                    usleep(100_000)
                }
                while lock.withLock({ $0 }) < 2 { usleep(1_000) }
            }
        }
    }

    @Test("the child does not find the process's session locked")
    func lockHeldAtFork() async {
        await #expect(processExitsWith: .success) {
            let entered = ForkSafeLock(false)
            Thread.detachNewThread {
                Session.ofProcess.descriptor.withLock { _ in
                    entered.withLock { $0 = true }
                    usleep(100_000)
                }
            }
            while !entered.withLock({ $0 }) { usleep(1_000) }
            exitAsChild { _ = try? Session.ofProcess.cancelAll() }
        }
    }
}
