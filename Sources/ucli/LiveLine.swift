// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// A line on the terminal that tells how things are, and is written again and again.
struct LiveLine {
    private var isShown = false
    let isWanted = isatty(STDERR_FILENO) == 1

    /// How long a person waits for news.
    static let milliseconds = 200

    mutating func show(_ text: String) {
        guard isWanted else { return }
        isShown = true
        write("\r\u{1b}[K" + text)
    }

    /// Leaves the line to what comes next.
    mutating func clear() {
        if isShown { write("\r\u{1b}[K") }
        isShown = false
    }

    private func write(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
}
