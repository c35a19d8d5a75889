// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

enum Readiness {
    case readable
    case writable
}

/// Waits until one of several files is readable; which ones are, none if the time is over before.
func poll(_ files: [FileDescriptor], milliseconds: Int) throws(Errno) -> [CInt] {
    var entries = files.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    while unsafe Glibc.poll(&entries, nfds_t(entries.count), Int32(clamping: milliseconds)) < 0 {
        let error = Errno(rawValue: errno)
        if error != .interrupted { throw error }
    }
    return entries.filter { $0.revents != 0 }.map(\.fd)
}

/// Waits until a file is ready, or has an error that the next call will tell; false if the time
/// is over before. The corresponding C function is `poll`.
func poll(_ file: FileDescriptor, for readiness: Readiness, milliseconds: Int) throws(Errno) -> Bool {
    var entry = pollfd(
        fd: file.rawValue, events: Int16(readiness == .readable ? POLLIN : POLLOUT), revents: 0)
    while true {
        let count = unsafe Glibc.poll(&entry, 1, Int32(milliseconds))
        if count >= 0 { return count > 0 }
        let error = Errno(rawValue: errno)
        if error != .interrupted { throw error }
    }
}

extension ContinuousClock.Instant? {
    /// Until then, as poll(2) takes it; -1 for ever.
    var milliseconds: Int {
        guard let self else { return -1 }
        let rest = self - .now
        guard rest > .zero else { return 0 }
        let (seconds, attoseconds) = rest.components
        let perMillisecond: Int64 = 1_000_000_000_000_000
        return Int(clamping: seconds) * 1000 + Int((attoseconds + perMillisecond - 1) / perMillisecond)
    }
}
