// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A value behind a lock that still works in a child of fork(2).
///
/// The standard library's `Mutex` knows its owner by a thread number that a
/// child's first thread still has from its parent, and traps when another thread of
/// the child waits for it. A plain POSIX mutex knows no owner.
@safe final class ForkSafeLock<Value: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    init(_ value: Value) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        self.value = value
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock()
        defer { unlock() }
        return body(&value)
    }

    /// For the handlers of pthread_atfork(3), which lock and unlock in different calls.
    func lock() {
        unsafe pthread_mutex_lock(mutex)
    }

    func unlock() {
        unsafe pthread_mutex_unlock(mutex)
    }
}
