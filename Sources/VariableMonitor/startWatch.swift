// SPDX-License-Identifier: Apache-2.0

/// Watches a variable of this process until `cancelWatch()` or the end of the process.
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
/// then never in memory to be seen.
///
/// - Parameters:
///   - variable: the variable, as `&name`.
///   - threshold: a value beyond it is a hit; the threshold itself is not.
///   - comparison: which side is beyond.
///   - interval: from 10 µs (as root from 1 µs) to an hour. `nil` is the module's
///     default, `/proc/variable_monitor/def_interval_ns`, at first 10 µs.
///   - name: what reports call it, at most 15 bytes of UTF-8. `nil` is `file:line`, cut to fit.
/// - Returns: the watch.
/// - Throws: `WatchError`; nothing is watched then.
/// - Note: The kernel's counterpart is `VMON_IOC_WATCH`. May be called from any thread.
@discardableResult
public func startWatch<Value: Watchable>(
    @_nonEphemeral _ variable: UnsafePointer<Value>, threshold: Value,
    when comparison: Comparison = .above, every interval: Duration? = nil, name: String? = nil,
    file: String = #fileID, line: UInt = #line
) throws(WatchError) -> Watch {
    unsafe try Session.ofProcess.watch(
        variable, threshold: threshold, when: comparison, every: interval,
        name: name ?? defaultName(file: file, line: line))
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
