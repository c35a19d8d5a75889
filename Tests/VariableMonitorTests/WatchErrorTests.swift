// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import VariableMonitor

@Suite("A watch error")
struct WatchErrorTests {
    /// What the module may answer.
    static let answers: [(name: String, errno: CInt, code: WatchError.Code)] = [
        ("EINVAL", EINVAL, .otherModule),
        ("ENOENT", ENOENT, .noSuchWatch),
        ("ENAMETOOLONG", ENAMETOOLONG, .invalidName),
        ("ERANGE", ERANGE, .intervalOutOfRange),
        ("EXDEV", EXDEV, .crossesCacheLine),
        ("EFAULT", EFAULT, .notMapped),
        ("ESRCH", ESRCH, .noSuchProcess),
        ("EPERM", EPERM, .notAllowed),
        ("EBADF", EBADF, .noPermission),
        ("EIO", EIO, .otherAddressSpace),
        ("ENOSPC", ENOSPC, .timersInUse),
        ("ENOMEM", ENOMEM, .memoryLimit),
        ("EAGAIN", EAGAIN, .mappingsChange),
        ("EINTR", EINTR, .interrupted),
    ]

    @Test("has a code of its own for each answer of the module", arguments: answers)
    func answer(name: String, errno: CInt, code: WatchError.Code) {
        let error = WatchError(ioctl: errno)
        #expect(error.code == code)
        #expect(error.errno == errno)
        expectNextStep(error)
    }

    @Test("covers every errno that the header lists")
    func coversTheHeader() throws {
        let header = packageFolder.appending(
            path: "Sources/CVariableMonitor/include/variable_monitor.h")
        let text = try String(contentsOf: header, encoding: .utf8)
        let listed = text.matches(of: #/\n \*   (E[A-Z]+) /#).map { String($0.1) }
        #expect(listed.count >= 12)
        #expect(Set(listed).subtracting(Self.answers.map(\.name)) == [])
    }

    @Test(
        "says why the device cannot be opened",
        arguments: [
            (ENOENT, .noDevice), (ENXIO, .noDevice), (ENODEV, .noDevice), (EACCES, .noPermission),
            (EPERM, .noPermission), (EMFILE, .tooManyOpenFiles), (ENFILE, .tooManyOpenFiles),
            (ENOMEM, .memoryLimit), (EBUSY, .unexpected),
        ] as [(CInt, WatchError.Code)])
    func opening(errno: CInt, code: WatchError.Code) {
        let error = WatchError(opening: errno)
        #expect(error.code == code)
        #expect(error.errno == errno)
        expectNextStep(error)
    }

    @Test(
        "tells those who may watch, but not read, what reading needs",
        arguments: [
            (EACCES, .mayNotRead), (EPERM, .mayNotRead), (ENOENT, .noDevice), (EIO, .unexpected),
        ] as [(CInt, WatchError.Code)])
    func reading(errno: CInt, code: WatchError.Code) {
        let error = WatchError(reading: errno)
        #expect(error.code == code)
        #expect(error.errno == errno)
        expectNextStep(error)
        #expect("\(error)".contains("CAP_PERFMON") == (code == .mayNotRead))
    }

    @Test(
        "says what is wrong with a request before the kernel is asked",
        arguments: [
            .invalidCondition, .ticksOutOfRange, .historyOutOfRange, .intervalOutOfRange,
            .invalidName,
        ] as [WatchError.Code])
    func refused(code: WatchError.Code) {
        #expect(WatchError(code).errno == 0)
        expectNextStep(WatchError(code))
    }

    @Test("tells how to load the module when there is no device")
    func loading() {
        let text = "\(WatchError(opening: ENOENT))"
        #expect(text.contains("/dev/variable_monitor"))
        #expect(text.contains("insmod kmod/variable_monitor.ko"))
    }

    @Test("names an errno that it does not know", arguments: [EBUSY, 0, -1, .max, .min])
    func unknown(errno: CInt) {
        let error = WatchError(ioctl: errno)
        #expect(error.code == .unexpected)
        #expect("\(error)".contains("\(errno)"))
        expectNextStep(error)
    }

    /// Two sentences in one line: what happened, and what to do.
    private func expectNextStep(_ error: WatchError, at location: SourceLocation = #_sourceLocation) {
        let step =
            /^[A-Z\/][^\n]*\. (Align|Cancel|Check|Choose|Close|Load|Look|Pass|Raise|Run|Start|Try) [^\n]+$/
        #expect("\(error)".wholeMatch(of: step) != nil, "\(error)", sourceLocation: location)
    }
}

/// The package's own folder.
let packageFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
