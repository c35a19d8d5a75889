// SPDX-License-Identifier: Apache-2.0

/// Watches a variable of this process until it is cancelled, or the process ends.
///
/// From now on the kernel compares the variable once in every `interval`. When its value
/// is beyond the threshold, the module records what the whole machine is doing, and
/// `ucli` shows it.
///
///     nonisolated(unsafe) var temp = 0
///     try startWatch(&temp, threshold: 150)
///
/// The variable must stay at its address while it is watched: a global, a static, or
/// memory that you allocated, passed as its pointer. For a local, a class property, an
/// observed global or an array element the compiler warns (`TemporaryPointers`), because
/// what it passes is the address of a temporary copy.
///
/// An optimiser may merge the stores of a hot loop into one; the values in between are
/// then never in memory to be seen. ``Watched`` has no such surprise.
///
/// - Parameters:
///   - variable: the variable, as `&name`.
///   - threshold: a value beyond it is a hit; the threshold itself is not.
///   - comparison: which side is beyond.
///   - ticks: so many in a row at which it is beyond make a hit, up to 1,000,000.
///   - history: so many of the last ticks' values are in the dump, up to 4,096.
///   - interval: from 10 µs (as root from 1 µs) to an hour. `nil` is the module's
///     default, `/proc/variable_monitor/def_interval_ns`, at first 10 µs.
///   - name: what reports call it, at most 15 bytes of UTF-8. `nil` is `file:line`, cut to fit.
///   - file: for the name, where none is given.
///   - line: for the name, where none is given.
/// - Returns: the watch.
/// - Throws: `WatchError`; nothing is watched then.
/// - Note: The kernel's counterparts are `VMON_IOC_WATCH` and, for what that does not
///   know, `VMON_IOC_WATCH_CONDITION`. May be called from any thread.
@discardableResult
public func startWatch<Value: Watchable>(
    @_nonEphemeral _ variable: UnsafePointer<Value>, threshold: Value,
    when comparison: Comparison = .above, ticks: Int = 1, history: Int = 0,
    every interval: Duration? = nil, name: String? = nil,
    file: String = #fileID, line: UInt = #line
) throws(WatchError) -> Watch<Value> {
    unsafe try Session.ofProcess.watch(
        variable, when: Condition(comparison, threshold), ticks: ticks, history: history,
        every: interval, name: name ?? defaultName(file: file, line: line))
}

/// Watches a variable of this process for a condition until it is cancelled, or the process ends.
///
///     nonisolated(unsafe) var heartbeat = 0
///     try startWatch(&heartbeat, when: .unchanged(for: .milliseconds(50)), history: 100)
///
/// All else is as with the other form, with a threshold.
///
/// - Parameters:
///   - variable: the variable, as `&name`, which must keep its address.
///   - condition: when the watch hits.
///   - ticks: so many in a row at which it holds make a hit, up to 1,000,000.
///   - history: so many of the last ticks' values are in the dump, up to 4,096.
///   - interval: from 10 µs (as root from 1 µs) to an hour; `nil` is the module's default.
///   - name: what reports call it, at most 15 bytes of UTF-8. `nil` is `file:line`, cut to fit.
///   - file: for the name, where none is given.
///   - line: for the name, where none is given.
/// - Returns: the watch.
/// - Throws: `WatchError`; nothing is watched then.
/// - Note: The kernel's counterpart is `VMON_IOC_WATCH_CONDITION`. May be called from any thread.
@discardableResult
public func startWatch<Value: Watchable>(
    @_nonEphemeral _ variable: UnsafePointer<Value>, when condition: Condition<Value>,
    ticks: Int = 1, history: Int = 0, every interval: Duration? = nil, name: String? = nil,
    file: String = #fileID, line: UInt = #line
) throws(WatchError) -> Watch<Value> {
    unsafe try Session.ofProcess.watch(
        variable, when: condition, ticks: ticks, history: history, every: interval,
        name: name ?? defaultName(file: file, line: line))
}

/// Watches a cell until it is cancelled, or the cell or the process ends.
///
///     let temp = Watched(0)
///     try startWatch(temp, threshold: 150)
///
/// - Parameters:
///   - cell: the cell.
///   - threshold: a value beyond it is a hit; the threshold itself is not.
///   - comparison: which side is beyond.
///   - ticks: so many in a row at which it is beyond make a hit, up to 1,000,000.
///   - history: so many of the last ticks' values are in the dump, up to 4,096.
///   - interval: from 10 µs (as root from 1 µs) to an hour; `nil` is the module's default.
///   - name: what reports call it, at most 15 bytes of UTF-8. `nil` is `file:line`, cut to fit.
///   - file: for the name, where none is given.
///   - line: for the name, where none is given.
/// - Returns: the watch.
/// - Throws: `WatchError`; nothing is watched then.
@discardableResult
public func startWatch<Value: Watchable>(
    _ cell: Watched<Value>, threshold: Value, when comparison: Comparison = .above,
    ticks: Int = 1, history: Int = 0, every interval: Duration? = nil, name: String? = nil,
    file: String = #fileID, line: UInt = #line
) throws(WatchError) -> Watch<Value> {
    try cell.startWatch(
        when: Condition(comparison, threshold), ticks: ticks, history: history, every: interval,
        name: name ?? defaultName(file: file, line: line))
}

/// Watches a cell for a condition until it is cancelled, or the cell or the process ends.
///
/// - Parameters:
///   - cell: the cell.
///   - condition: when the watch hits.
///   - ticks: so many in a row at which it holds make a hit, up to 1,000,000.
///   - history: so many of the last ticks' values are in the dump, up to 4,096.
///   - interval: from 10 µs (as root from 1 µs) to an hour; `nil` is the module's default.
///   - name: what reports call it, at most 15 bytes of UTF-8. `nil` is `file:line`, cut to fit.
///   - file: for the name, where none is given.
///   - line: for the name, where none is given.
/// - Returns: the watch.
/// - Throws: `WatchError`; nothing is watched then.
@discardableResult
public func startWatch<Value: Watchable>(
    _ cell: Watched<Value>, when condition: Condition<Value>,
    ticks: Int = 1, history: Int = 0, every interval: Duration? = nil, name: String? = nil,
    file: String = #fileID, line: UInt = #line
) throws(WatchError) -> Watch<Value> {
    try cell.startWatch(
        when: condition, ticks: ticks, history: history, every: interval,
        name: name ?? defaultName(file: file, line: line))
}

/// The watches of this process, the oldest first.
///
/// - Throws: `WatchError`.
/// - Note: The kernel's counterpart is `VMON_IOC_LIST`. May be called from any thread.
public func watches() throws(WatchError) -> [AnyWatch] {
    try Session.ofProcess.watches()
}

/// Ends all watches of this process; no watch is no error.
///
/// A child of fork(2) has none until it starts its own; its parent's go on.
///
/// - Throws: `WatchError`.
/// - Note: The kernel's counterpart is `VMON_IOC_CANCEL_ALL`. May be called from any thread.
public func cancelWatch() throws(WatchError) {
    try Session.ofProcess.cancelAll()
}
