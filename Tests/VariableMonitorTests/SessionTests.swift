// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Testing

@testable import VariableMonitor

@Suite("A session")
struct SessionTests {
    let kernel = FakeKernel()
    let session: Session

    init() {
        session = Session(kernel: kernel)
    }

    @Test("opens the device once, at the first watch")
    func opensOnce() throws {
        #expect(kernel.calls == [])
        let first = try session.watchGlobal()
        let second = try session.watchGlobal()
        #expect(kernel.calls == [.open, .watch(10), .watch(10)])
        #expect([first.id, second.id] == [1, 2])
    }

    @Test("opens the device once, though many threads start watches at once")
    func opensOnceForAllThreads() {
        DispatchQueue.concurrentPerform(iterations: 16) { _ in
            #expect(throws: Never.self) { try session.watchGlobal() }
        }
        #expect(kernel.calls.count { $0 == .open } == 1)
        #expect(kernel.calls.count { $0 == .watch(10) } == 16)
    }

    @Test("opens one of its own when the device is a parent's, and tries again")
    func opensOwnAfterFork() throws {
        try session.watchGlobal()
        kernel.fail(10, with: EIO)
        try session.watchGlobal()
        #expect(kernel.calls == [.open, .watch(10), .watch(10), .close(10), .open, .watch(11)])
    }

    @Test("does not try for ever")
    func triesTwice() throws {
        try session.watchGlobal()
        kernel.failAll(with: EIO)
        let error = #expect(throws: WatchError.self) { try session.watchGlobal() }
        #expect(error?.code == .otherAddressSpace)
        #expect(
            kernel.calls == [
                .open, .watch(10), .watch(10), .close(10), .open, .watch(11), .close(11),
            ])
    }

    @Test(
        "opens the device again when the program closed it, and leaves alone what has its number now",
        arguments: [EBADF, ENOTTY])
    func opensAgainWhenClosed(errno: CInt) throws {
        try session.watchGlobal()
        kernel.fail(10, with: errno)
        try session.watchGlobal()
        #expect(kernel.calls == [.open, .watch(10), .watch(10), .open, .watch(11)])
    }

    @Test("keeps no device open that knows no watches")
    func closesForeignDevice() {
        kernel.failAll(with: ENOTTY)
        let error = #expect(throws: WatchError.self) { try session.watchGlobal() }
        #expect(error?.code == .otherModule)
        #expect(kernel.calls == [.open, .watch(10), .close(10)])
    }

    @Test(
        "asks once for what is refused, and keeps its watches",
        arguments: [EINVAL, ENOSPC, EAGAIN, EPERM])
    func doesNotRepeatRefusals(errno: CInt) throws {
        try session.watchGlobal()
        kernel.fail(10, with: errno)
        let error = #expect(throws: WatchError.self) { try session.watchGlobal() }
        #expect(error?.errno == errno)
        #expect(kernel.calls == [.open, .watch(10), .watch(10)])
    }

    @Test("asks the kernel for nothing when the request is invalid")
    func refusesInvalidRequests() {
        let error = #expect(throws: WatchError.self) {
            unsafe try session.watch(
                &watchedGlobal, when: .above(0), name: "sixteen bytes it is")
        }
        #expect(error == WatchError(.invalidName))
        #expect(kernel.calls == [])
    }

    @Test("tries to open the device again after it could not")
    func opensLater() throws {
        kernel.failOpening(with: ENOENT)
        let error = #expect(throws: WatchError.self) { try session.watchGlobal() }
        #expect(error == WatchError(.noDevice, errno: ENOENT))
        kernel.failOpening(with: 0)
        try session.watchGlobal()
        #expect(kernel.calls == [.open, .open, .watch(10)])
    }

    @Test("cancels nothing, and opens nothing, before the first watch")
    func cancelsNothing() throws {
        try session.cancelAll()
        #expect(kernel.calls == [])
    }

    @Test("cancels all its watches and starts new ones through the same device")
    func cancels() throws {
        try session.watchGlobal()
        try session.cancelAll()
        try session.watchGlobal()
        #expect(kernel.calls == [.open, .watch(10), .cancelAll(10), .watch(10)])
    }

    @Test("cancels nothing of its parent's, and gives the parent's device back")
    func cancelsNothingOfTheParent() throws {
        try session.watchGlobal()
        kernel.fail(10, with: EIO)
        try session.cancelAll()
        try session.watchGlobal()
        #expect(
            kernel.calls == [.open, .watch(10), .cancelAll(10), .close(10), .open, .watch(11)])
    }

    @Test("says why it cannot cancel")
    func cannotCancel() throws {
        try session.watchGlobal()
        kernel.fail(10, with: ENOMEM)
        let error = #expect(throws: WatchError.self) { try session.cancelAll() }
        #expect(error == WatchError(.memoryLimit, errno: ENOMEM))
    }
}
