// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

/// A watch that was started, of a variable of a type.
///
/// It need not be kept: a watch goes on without its handle, until it is cancelled.
public struct Watch<Value: Watchable>: Hashable, Sendable {
    /// The same watch, whatever its type.
    public let handle: AnyWatch
    /// As it was started: its kind stays, its values may change.
    private let condition: Condition<Value>

    init(handle: AnyWatch, condition: Condition<Value>) {
        self.handle = handle
        self.condition = condition
    }

    /// The watch's number, the same as in records. Never reused while the module is loaded.
    public var id: UInt64 { handle.id }

    /// Ends the watch; one that ended already is no error.
    ///
    /// - Throws: `WatchError`.
    /// - Note: The kernel's counterpart is `VMON_IOC_CANCEL`.
    public func cancel() throws(WatchError) {
        try handle.cancel()
    }

    /// How the watch is.
    ///
    /// - Throws: `WatchError`; `noSuchWatch` if it ended.
    /// - Note: The kernel's counterpart is `VMON_IOC_STATE`.
    public func state() throws(WatchError) -> WatchState {
        try handle.state()
    }

    /// Gives it another threshold, between two ticks.
    ///
    /// For watches that were started with a threshold, or with `above` or `below` without
    /// `rearm`, `equal` or `notEqual`; for others there is ``change(to:)``.
    ///
    /// - Throws: `WatchError`; `noSuchWatch` if it ended, `invalidCondition` if it has no threshold.
    /// - Note: The kernel's counterpart is `VMON_IOC_CHANGE`.
    public func change(threshold: Value) throws(WatchError) {
        guard let changed = condition.with(threshold: threshold) else {
            throw WatchError(.invalidCondition)
        }
        try change(to: changed)
    }

    /// Gives its condition other values, between two ticks.
    ///
    /// The condition begins anew: no tick before, no row of ticks, armed. It must be of the same
    /// kind: an `above` stays an `above`, and has `rearm` if it had one.
    ///
    /// - Throws: `WatchError`; `noSuchWatch` if it ended, `invalidCondition` for another kind.
    /// - Note: The kernel's counterpart is `VMON_IOC_CHANGE`.
    public func change(to condition: Condition<Value>) throws(WatchError) {
        guard condition.isSameKind(as: self.condition) else { throw WatchError(.invalidCondition) }
        try handle.session.change(try vmon_change(id: id, to: condition))
    }
}

/// A watch of a variable of any type, as ``watches()`` lists it.
public struct AnyWatch: Hashable, Sendable {
    /// The watch's number, the same as in records. Never reused while the module is loaded.
    public let id: UInt64
    let session: Session

    /// Ends the watch; one that ended already is no error.
    ///
    /// - Throws: `WatchError`.
    /// - Note: The kernel's counterpart is `VMON_IOC_CANCEL`.
    public func cancel() throws(WatchError) {
        try session.cancel(id)
    }

    /// How the watch is.
    ///
    /// - Throws: `WatchError`; `noSuchWatch` if it ended.
    /// - Note: The kernel's counterpart is `VMON_IOC_STATE`.
    public func state() throws(WatchError) -> WatchState {
        try session.state(of: id)
    }

    public static func == (left: AnyWatch, right: AnyWatch) -> Bool {
        left.id == right.id
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}
