// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

extension vmon_watch {
    /// What the module is asked for; nothing here depends on the kernel.
    ///
    /// - Throws: `invalidName`, `intervalOutOfRange`.
    init<Value: Watchable>(
        address: UInt, threshold: Value, when comparison: Comparison, every interval: Duration?,
        name: String
    ) throws(WatchError) {
        let format = Value.watchFormat
        self.init()
        self.address = UInt64(address)
        self.threshold = UInt64(truncatingIfNeeded: threshold)
        self.interval_ns = try nanoseconds(interval)
        self.length = format.length
        self.comparison = comparison.abi
        self.flags = format.isSigned ? 0 : UInt8(VMON_WATCH_UNSIGNED.rawValue)
        try setName(name)
    }

    private mutating func setName(_ text: String) throws(WatchError) {
        let bytes = Array(text.utf8)
        // The module reads up to the first zero byte, and would so cut the name.
        guard bytes.count <= MAX_NAME_LEN, !bytes.contains(0) else {
            throw WatchError(.invalidName)
        }
        unsafe withUnsafeMutableBytes(of: &name) { unsafe $0.copyBytes(from: bytes) }
    }
}

/// An interval as the ABI has it, in which 0 stands for the module's default: no
/// interval that a caller gives may become 0. Parts of a nanosecond are dropped.
private func nanoseconds(_ interval: Duration?) throws(WatchError) -> UInt64 {
    guard let interval else { return 0 }
    let whole = interval.attoseconds / 1_000_000_000
    guard let nanoseconds = UInt64(exactly: whole), nanoseconds > 0 else {
        throw WatchError(.intervalOutOfRange)
    }
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
