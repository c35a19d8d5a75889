// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

extension WatchError: CustomStringConvertible {
    /// What happened, and what to do next.
    public var description: String {
        switch code.value {
        case .noDevice:
            "\(VMON_DEVICE_PATH) does not exist. Load the module: insmod kmod/variable_monitor.ko"
        case .noPermission:
            """
            \(VMON_DEVICE_PATH) may not be opened for writing. Run as root, or let root grant \
            access with chown or chmod.
            """
        case .mayNotRead:
            """
            \(VMON_DEVICE_PATH) may not be read, for its records tell of all processes. Run as root, \
            or with CAP_PERFMON and CAP_SYS_PTRACE and leave to read the file.
            """
        case .tooManyOpenFiles:
            """
            Too many files are open, so \(VMON_DEVICE_PATH) cannot be. Close some, or raise the \
            limit with ulimit -n.
            """
        case .invalidCondition:
            """
            The condition's values do not fit. Check that no bound is NaN, that rearm is not beyond \
            the limit, that mask, step and time are not 0, negative or infinite where they may not be, \
            and that a watch keeps its kind of condition.
            """
        case .ticksOutOfRange:
            "The number of ticks in a row is out of range. Choose one from 1 to \(VMON_TICKS_MAX)."
        case .historyOutOfRange:
            "The history is out of range. Choose a number of samples from 0 to \(VMON_HISTORY_MAX)."
        case .noSuchWatch:
            "The watch has ended, or is another process's. Start it again."
        case .invalidName:
            """
            A watch's name has at most \(MAX_NAME_LEN) bytes of UTF-8, none of them zero. Choose \
            a shorter one.
            """
        case .intervalOutOfRange:
            """
            The interval is out of range. Choose one from 10 µs (as root from 1 µs) to an hour; \
            the module's parameters min_interval_unprivileged_ns and min_interval_ns set the floors.
            """
        case .crossesCacheLine:
            """
            The variable crosses a cache line, so it cannot be read in one access. Align it to \
            its size.
            """
        case .notMapped:
            """
            Nothing readable is mapped at the variable's address. Pass a variable that exists \
            as long as it is watched, such as a global.
            """
        case .noSuchProcess:
            "There is no such process, or it has no memory of its own. Check the process id."
        case .notAllowed:
            "Watching another process needs CAP_SYS_PTRACE over it. Run as root."
        case .timersInUse:
            """
            All \(MAX_TIMER_NUM) timers are in use; each takes \(TIMER_MAX_WATCH_NUM) watches of \
            one interval. Cancel watches, or use fewer different intervals.
            """
        case .memoryLimit:
            """
            No memory for one more watched page, or for its history. Raise the limit of locked \
            memory with ulimit -l, put the variables closer together, or keep fewer samples.
            """
        case .mappingsChange:
            """
            The variable's memory is not there yet, or changes faster than it can be read. Try again \
            when the process has written it.
            """
        case .interrupted:
            "A signal came before the watch was started. Try again."
        case .otherModule:
            """
            The loaded module does not know this request. Load the one that was built with this \
            library.
            """
        case .otherAddressSpace:
            "The open device belongs to another address space. Try again from this one."
        case .unexpected:
            "Unexpected error \(errno) (\(text(of: errno))). Look into the kernel log with dmesg."
        }
    }
}

/// As strerror(3), from any thread.
private func text(of errno: CInt) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let start = buffer.baseAddress, unsafe strerror_r(errno, start, buffer.count) == 0
        else { return "unknown" }
        return unsafe String(cString: start)
    }
}
