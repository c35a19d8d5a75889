// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Tells a person who waits how far long work is: on a terminal, from the second second on.
struct Progress {
    private var count = 0
    private var line = LiveLine()
    private var nextTime = ContinuousClock.now + .seconds(1)
    private let isWanted: Bool

    /// - Parameter isForFile: whether the report goes to a file. A report on the same terminal shows by itself
    ///   that something happens.
    init(isForFile: Bool) {
        isWanted = line.isWanted && (isForFile || isatty(STDOUT_FILENO) == 0)
    }

    /// - Parameter share: how much of the input was read, from 0 to 1.
    mutating func step(_ share: @autoclosure () -> Double) {
        count += 1
        guard isWanted, count.isMultiple(of: 64), ContinuousClock.now >= nextTime else { return }
        nextTime = .now + .milliseconds(LiveLine.milliseconds)
        line.show("ucli: \(count) stacks, \(Int(share() * 100)) % of the input")
    }

    /// Leaves the line to what comes next.
    mutating func clear() {
        line.clear()
    }
}
