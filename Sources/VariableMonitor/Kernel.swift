// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

/// The calls a session makes, so that tests need no kernel. Each returns 0 or
/// more, or a negative errno.
protocol Kernel: Sendable {
    func open() -> CInt
    func close(_ descriptor: CInt)
    func watch(_ descriptor: CInt, _ request: inout vmon_watch) -> CInt
    func cancelAll(_ descriptor: CInt) -> CInt
}

/// The module behind `/dev/variable_monitor`.
struct DeviceKernel: Kernel {
    /// open(2), for writing only: that permits watching, and needs no capability.
    func open() -> CInt {
        while true {
            let descriptor = unsafe Glibc.open(VMON_DEVICE_PATH, O_WRONLY | O_CLOEXEC)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { return -errno }
        }
    }

    func close(_ descriptor: CInt) {
        _ = Glibc.close(descriptor)
    }

    func watch(_ descriptor: CInt, _ request: inout vmon_watch) -> CInt {
        unsafe vmon_ioctl_watch(descriptor, &request)
    }

    func cancelAll(_ descriptor: CInt) -> CInt {
        vmon_ioctl_cancel_all(descriptor)
    }
}
