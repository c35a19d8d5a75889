// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a watch could not be started, changed, asked or cancelled, or hits not be read, and what to do about it.
public struct WatchError: Error, Hashable, Sendable {
    /// What went wrong. More codes may be added.
    public struct Code: Hashable, Sendable {
        /// A switch over it must have a sentence for every code.
        enum Value {
            case noDevice, noPermission, tooManyOpenFiles
            case mayNotRead
            case invalidCondition, ticksOutOfRange, historyOutOfRange, noSuchWatch
            case invalidName, intervalOutOfRange, crossesCacheLine, notMapped, noSuchProcess
            case notAllowed, timersInUse, memoryLimit, mappingsChange, interrupted
            case otherModule, otherAddressSpace, unexpected
        }

        let value: Value

        /// The module is not loaded.
        public static let noDevice = Code(value: .noDevice)
        /// The device may not be opened for writing.
        public static let noPermission = Code(value: .noPermission)
        /// The device may not be read, so hits cannot be seen as they happen.
        public static let mayNotRead = Code(value: .mayNotRead)
        /// The limit of open files is reached.
        public static let tooManyOpenFiles = Code(value: .tooManyOpenFiles)
        /// The values of the condition do not fit together, or are of another kind than the watch's.
        public static let invalidCondition = Code(value: .invalidCondition)
        /// The ticks in a row are fewer than 1 or more than 1,000,000.
        public static let ticksOutOfRange = Code(value: .ticksOutOfRange)
        /// The samples of the history are fewer than 0 or more than 4,096.
        public static let historyOutOfRange = Code(value: .historyOutOfRange)
        /// The watch has ended, or is another process's.
        public static let noSuchWatch = Code(value: .noSuchWatch)
        /// The name has more than 15 bytes of UTF-8, or a zero byte.
        public static let invalidName = Code(value: .invalidName)
        /// The interval is shorter than the caller's floor, or longer than an hour.
        public static let intervalOutOfRange = Code(value: .intervalOutOfRange)
        /// The variable crosses a cache line.
        public static let crossesCacheLine = Code(value: .crossesCacheLine)
        /// Nothing readable is mapped at the variable's address.
        public static let notMapped = Code(value: .notMapped)
        /// The process does not exist, or has no memory of its own.
        public static let noSuchProcess = Code(value: .noSuchProcess)
        /// The process is another, and the caller may not watch it.
        public static let notAllowed = Code(value: .notAllowed)
        /// All timers are in use.
        public static let timersInUse = Code(value: .timersInUse)
        /// The limit of locked memory is reached, or the kernel is out of memory.
        public static let memoryLimit = Code(value: .memoryLimit)
        /// The process changes its mappings faster than they can be read, or a pager in user space has not filled the page.
        public static let mappingsChange = Code(value: .mappingsChange)
        /// A signal ended the call.
        public static let interrupted = Code(value: .interrupted)
        /// The module that is loaded does not know the request.
        public static let otherModule = Code(value: .otherModule)
        /// The open device belongs to another address space.
        public static let otherAddressSpace = Code(value: .otherAddressSpace)
        /// Anything else: see `errno`.
        public static let unexpected = Code(value: .unexpected)
    }

    /// What went wrong.
    public let code: Code

    /// The kernel's errno; 0 if the request was refused before the kernel was asked.
    public let errno: CInt

    init(_ code: Code, errno: CInt = 0) {
        self.code = code
        self.errno = errno
    }

    /// The error of a failed open(2) of the device.
    init(opening errno: CInt) {
        let code: Code =
            switch errno {
            case ENOENT, ENXIO, ENODEV: .noDevice
            case EACCES, EPERM: .noPermission
            case EMFILE, ENFILE: .tooManyOpenFiles
            case ENOMEM: .memoryLimit
            default: .unexpected
            }
        self.init(code, errno: errno)
    }

    /// The error of a failed open(2) of the device for reading, or of reading it.
    init(reading errno: CInt) {
        let opening = WatchError(opening: errno)
        self = opening.code == .noPermission ? WatchError(.mayNotRead, errno: errno) : opening
    }

    /// The error of a failed ioctl(2); the list is in variable_monitor.h.
    init(ioctl errno: CInt) {
        let code: Code =
            switch errno {
            case EINVAL, ENOTTY: .otherModule
            case ENOENT: .noSuchWatch
            case ENAMETOOLONG: .invalidName
            case ERANGE: .intervalOutOfRange
            case EXDEV: .crossesCacheLine
            case EFAULT: .notMapped
            case ESRCH: .noSuchProcess
            case EPERM: .notAllowed
            case EBADF: .noPermission
            case EIO: .otherAddressSpace
            case ENOSPC: .timersInUse
            case ENOMEM: .memoryLimit
            case EAGAIN: .mappingsChange
            case EINTR: .interrupted
            default: .unexpected
            }
        self.init(code, errno: errno)
    }
}
