// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Tells a person who waits how far long work is: on a terminal, from the second second on.
struct Progress {
    private var count = 0
    private var isShown = false
    private var nextTime = ContinuousClock.now + .seconds(1)
    /// A report on the same terminal shows by itself that something happens.
    private let isWanted = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0

    mutating func step() {
        count += 1
        guard isWanted, count.isMultiple(of: 64), ContinuousClock.now >= nextTime else { return }
        nextTime = .now + .milliseconds(200)
        isShown = true
        write("\rucli: \(count) stacks")
    }

    /// Leaves the line to what comes next.
    mutating func finish() {
        if isShown { write("\r\u{1b}[K") }
        isShown = false
    }

    private func write(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
}
