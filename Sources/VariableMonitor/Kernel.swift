// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

/// The calls a session makes, so that tests need no kernel. Each returns 0 or
/// more, or a negative errno.
protocol Kernel: Sendable {
    func open() -> CInt
    func close(_ descriptor: CInt)
    func watch(_ descriptor: CInt, _ request: inout vmon_watch) -> CInt
    func watch(_ descriptor: CInt, _ request: inout vmon_watch_condition) -> CInt
    func change(_ descriptor: CInt, _ change: vmon_change) -> CInt
    func state(_ descriptor: CInt, _ state: inout vmon_watch_state) -> CInt
    /// Fills `ids` from its start, and returns how many there are to list.
    func list(_ descriptor: CInt, _ ids: inout [UInt64]) -> CInt
    func cancel(_ descriptor: CInt, _ id: UInt64) -> CInt
    func cancelAll(_ descriptor: CInt) -> CInt
}

/// The module behind `/dev/variable_monitor`.
struct DeviceKernel: Kernel {
    /// open(2), for writing only: that permits watching, and needs no capability.
    func open() -> CInt {
        openDevice(O_WRONLY)
    }

    func close(_ descriptor: CInt) {
        _ = Glibc.close(descriptor)
    }

    func watch(_ descriptor: CInt, _ request: inout vmon_watch) -> CInt {
        unsafe vmon_ioctl_watch(descriptor, &request)
    }

    func watch(_ descriptor: CInt, _ request: inout vmon_watch_condition) -> CInt {
        unsafe vmon_ioctl_watch_condition(descriptor, &request)
    }

    func change(_ descriptor: CInt, _ change: vmon_change) -> CInt {
        unsafe withUnsafePointer(to: change) { unsafe vmon_ioctl_change(descriptor, $0) }
    }

    func state(_ descriptor: CInt, _ state: inout vmon_watch_state) -> CInt {
        unsafe vmon_ioctl_state(descriptor, &state)
    }

    func list(_ descriptor: CInt, _ ids: inout [UInt64]) -> CInt {
        var count: UInt32 = 0
        let result = unsafe ids.withUnsafeMutableBufferPointer { ids in
            unsafe vmon_ioctl_list(descriptor, ids.baseAddress, UInt32(ids.count), &count)
        }
        return result < 0 ? result : CInt(clamping: count)
    }

    func cancel(_ descriptor: CInt, _ id: UInt64) -> CInt {
        vmon_ioctl_cancel(descriptor, id)
    }

    func cancelAll(_ descriptor: CInt) -> CInt {
        vmon_ioctl_cancel_all(descriptor)
    }
}

/// open(2) of the device: a descriptor, or a negative errno.
func openDevice(_ mode: CInt) -> CInt {
    while true {
        let descriptor = unsafe open(VMON_DEVICE_PATH, mode | O_CLOEXEC)
        if descriptor >= 0 { return descriptor }
        if errno != EINTR { return -errno }
    }
}
