// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

/// The device, open for reading, and what ends waiting for it; closed with the last reference.
final class HitReader: Sendable {
    private let device: CInt
    /// Two sockets, for Swift does not see pipe2(2); the one is readable once the other was written to.
    private let stopper: (read: CInt, write: CInt)
    private let owner = getpid()

    /// Owns the device from then on.
    ///
    /// - Throws: `tooManyOpenFiles`, `memoryLimit`; the device is closed then.
    init(device: CInt) throws(WatchError) {
        var ends: [CInt] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
        guard unsafe socketpair(AF_UNIX, CInt(kind), 0, &ends) == 0 else {
            let error = WatchError(reading: errno)
            close(device)
            throw error
        }
        self.device = device
        stopper = (ends[0], ends[1])
    }

    deinit {
        close(device)
        close(stopper.read)
        close(stopper.write)
    }

    /// Has `read(since:_:)` return soon, from any thread. A forked child has no such thread, but its parent has.
    func stop() {
        if getpid() == owner { unsafe write(stopper.write, "", 1) }
    }

    /// Hands on each hit as it comes, until it is stopped or reading fails.
    ///
    /// - Parameters:
    ///   - earliest: hits of ticks before this, by CLOCK_MONOTONIC in ns, are left out.
    ///   - receive: takes the hits of one read(2).
    /// - Throws: why it cannot be read on, `mayNotRead` if the process lost the right to.
    func read(since earliest: UInt64, _ receive: ([Hit]) -> Void) throws(WatchError) {
        // It takes any record.
        var buffer = [UInt8](repeating: 0, count: Int(VMON_RECORD_SIZE_MAX))
        while try waitForRecords() {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(device, bytes.baseAddress, bytes.count)
            }
            if count == 0 { return }
            guard count > 0 else {
                if errno == EAGAIN || errno == EINTR { continue }
                throw WatchError(reading: errno)
            }
            receive(unsafe Hit.hits(in: buffer.span.bytes.extracting(first: count), since: earliest))
        }
    }

    /// Waits until there is something to read; `false` if it was stopped.
    private func waitForRecords() throws(WatchError) -> Bool {
        var descriptors = [
            pollfd(fd: stopper.read, events: Int16(POLLIN), revents: 0),
            pollfd(fd: device, events: Int16(POLLIN), revents: 0),
        ]
        while unsafe poll(&descriptors, 2, -1) < 0 {
            guard errno == EINTR else { throw WatchError(reading: errno) }
        }
        return descriptors[0].revents == 0
    }
}

/// Runs the body in a thread of its own, in which no signal of the program is handled.
///
/// - Returns: 0 or an errno.
func startThread(_ body: @escaping @Sendable () -> Void) -> CInt {
    final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let argument = unsafe Unmanaged.passRetained(Body(body))
    var all = sigset_t()
    var before = sigset_t()
    var thread = pthread_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let result = unsafe pthread_create(
        &thread, nil,
        { argument in
            if let argument = unsafe argument {
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            }
            return nil
        }, argument.toOpaque())
    if result == 0 {
        pthread_detach(thread)
    } else {
        unsafe argument.release()
    }
    return result
}
