// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

/// How a watch is, at one moment.
public struct WatchState: Hashable, Sendable {
    /// Hits since the watch was started.
    public let hits: UInt64
    /// It hit, and does not hit again until `dump_reset_sec` after the end of its dump.
    public let isMuted: Bool
    /// It hit, and its value did not come back to `rearm` yet.
    public let isDisarmed: Bool
    /// The kernel is changing the mapping, so ticks do not see the variable.
    public let isUnreadable: Bool
    /// Ticks since its last hit at which its condition held while it was muted.
    public let mutedTicks: UInt64
    /// Ticks of its timer, which other watches of its interval share.
    public let timerTicks: UInt64
    /// … after which the next one came late, for ticks took more time than they may.
    public let throttledTicks: UInt64
    /// The interval that was asked for.
    public let interval: Duration
    /// The interval that it has just now; longer while its timer is throttled.
    public let currentInterval: Duration

    /// Whether its ticks come later than was asked for, because ticks took more time than they may.
    public var isThrottled: Bool { currentInterval > interval }

    init(_ state: vmon_watch_state) {
        hits = state.hits
        isMuted = state.flags & VMON_STATE_MUTED.rawValue != 0
        isDisarmed = state.flags & VMON_STATE_DISARMED.rawValue != 0
        isUnreadable = state.flags & VMON_STATE_UNREADABLE.rawValue != 0
        mutedTicks = state.muted_ticks
        timerTicks = state.timer_ticks
        throttledTicks = state.throttled_ticks
        interval = .nanoseconds(Int64(clamping: state.interval_ns))
        currentInterval = .nanoseconds(Int64(clamping: state.current_interval_ns))
    }
}
