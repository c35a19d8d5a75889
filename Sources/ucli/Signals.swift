// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// What signals do to a program that writes files or waits.
///
/// Handlers run at any moment, so that they only call what signal-safety(7) allows, on the two
/// values below: each is written in one store, when nothing else of the program is going on.

/// The file to be removed; owned by ``removeWhenInterrupted(_:)``.
nonisolated(unsafe) private var pathToRemove: UnsafeMutablePointer<CChar>?
/// Where a byte is to be written instead of ending the program; -1 for none.
nonisolated(unsafe) private var stopPipe: Int32 = -1

private let endingSignals = [SIGINT, SIGTERM, SIGHUP]

/// From then on, a write to a pipe that nobody reads fails with `EPIPE`.
func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
}

/// Has a file removed if a signal ends the program; nil for none.
func removeWhenInterrupted(_ path: String?) {
    let before = unsafe pathToRemove
    unsafe pathToRemove = path.flatMap { unsafe strdup($0) }
    unsafe free(before)
    handleSignals()
}

/// Turns the signals that would end the program into something that can be waited for.
struct StopSignal {
    /// Readable when the program is to end.
    let descriptor: FileDescriptor

    var isThere: Bool { (try? poll(descriptor, for: .readable, milliseconds: 0)) ?? true }

    init() throws(Failure) {
        let ends = try FileDescriptor.ownPipe()
        descriptor = ends.readEnd
        unsafe stopPipe = ends.writeEnd.rawValue
        handleSignals()
    }

    /// Forgets one signal, so that the next can be waited for.
    func take() {
        var byte: UInt8 = 0
        _ = unsafe withUnsafeMutableBytes(of: &byte) { try? unsafe descriptor.read(into: $0) }
    }
}

private func handleSignals() {
    for number in endingSignals {
        let before = signal(number) { number in
            if unsafe stopPipe >= 0 {
                var byte: UInt8 = 0
                _ = unsafe write(stopPipe, &byte, 1)
                return
            }
            if let path = unsafe pathToRemove { unsafe unlink(path) }
            signal(number, SIG_DFL)
            raise(number)
        }
        // As nohup(1) has it.
        let isIgnored = unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        if isIgnored { signal(number, SIG_IGN) }
    }
}
