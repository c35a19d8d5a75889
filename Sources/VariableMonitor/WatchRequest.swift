// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

extension vmon_watch_condition {
    /// What the module is asked for; nothing here depends on the kernel.
    ///
    /// - Throws: `invalidCondition`, `ticksOutOfRange`, `historyOutOfRange`,
    ///   `intervalOutOfRange`, `invalidName`.
    init<Value: Watchable>(
        address: UInt, when condition: Condition<Value>, ticks: Int, history: Int,
        every interval: Duration?, name: String
    ) throws(WatchError) {
        guard condition.isValid else { throw WatchError(.invalidCondition) }
        guard (1...Int(VMON_TICKS_MAX)).contains(ticks) else { throw WatchError(.ticksOutOfRange) }
        guard (0...Int(VMON_HISTORY_MAX)).contains(history) else {
            throw WatchError(.historyOutOfRange)
        }
        let format = Value.watchFormat
        self.init()
        watch.address = UInt64(address)
        watch.threshold = condition.threshold
        watch.interval_ns = try nanoseconds(interval)
        watch.length = format.length
        watch.comparison = condition.comparison
        watch.flags = format.flags
        try watch.setName(name)
        high = condition.high
        if let value = condition.rearm {
            watch.flags |= UInt8(VMON_WATCH_REARM.rawValue)
            rearm = value
        }
        // The module's 0 is 1.
        self.ticks = ticks == 1 ? 0 : UInt32(ticks)
        self.history = UInt32(history)
    }

    /// Whether VMON_IOC_WATCH can say it: an integer beyond a threshold, and no more.
    var isPlain: Bool {
        watch.comparison <= UInt8(VMON_LESS.rawValue)
            && watch.flags & ~UInt8(VMON_WATCH_UNSIGNED.rawValue) == 0
            && ticks == 0 && history == 0
    }
}

extension vmon_watch {
    fileprivate mutating func setName(_ text: String) throws(WatchError) {
        let bytes = Array(text.utf8.prefix(Int(MAX_NAME_LEN) + 1))
        // The module reads up to the first zero byte, and would so cut the name.
        guard bytes.count <= MAX_NAME_LEN, !bytes.contains(0) else {
            throw WatchError(.invalidName)
        }
        unsafe withUnsafeMutableBytes(of: &name) { unsafe $0.copyBytes(from: bytes) }
    }
}

extension vmon_change {
    /// Other values for a watch.
    ///
    /// - Throws: `invalidCondition`.
    init<Value: Watchable>(id: UInt64, to condition: Condition<Value>) throws(WatchError) {
        guard condition.isValid else { throw WatchError(.invalidCondition) }
        self.init()
        self.id = id
        threshold = condition.threshold
        high = condition.high
        rearm = condition.rearm ?? 0
    }
}

/// An interval as the ABI has it, in which 0 stands for the module's default: no
/// interval that a caller gives may become 0. Parts of a nanosecond are dropped.
private func nanoseconds(_ interval: Duration?) throws(WatchError) -> UInt64 {
    guard let interval else { return 0 }
    guard let nanoseconds = interval.wholeNanoseconds else { throw WatchError(.intervalOutOfRange) }
    return nanoseconds
}

/// `file:line` in at most 15 bytes. The line stays whole, and the file loses its end.
func defaultName(file: String, line: UInt) -> String {
    let end = ":\(line)"
    var name = ""
    for character in file.split(separator: "/").last ?? "" {
        guard name.utf8.count + character.utf8.count + end.utf8.count <= Int(MAX_NAME_LEN) else {
            break
        }
        name.append(character)
    }
    // No file has a line of so many digits, but #sourceLocation may say so.
    return String((name + end).prefix(Int(MAX_NAME_LEN)))
}
