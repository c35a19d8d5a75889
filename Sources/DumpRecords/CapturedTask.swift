// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// One task of a dump (`struct vmon_task`).
public struct CapturedTask: Sendable {
    public let header: RecordHeader
    public let pid: UInt32
    public let tgid: UInt32
    /// `CLOCK_BOOTTIME` in ns.
    public let startTime: UInt64
    public let comm: RawText
    public let flags: Flags
    /// The letter of its state as in ps(1): R, S, D, I, T …
    public let state: UInt8
    /// Number of its address space within the dump or the profile; 0 for none.
    public var addressSpace: UInt64
    /// The kernel address in which it sleeps; 0 for none.
    public let waitChannel: UInt64
    /// Path of its cgroup in the default hierarchy.
    public let cgroup: RawText
    /// User registers; nil if they could not be read.
    public let registers: Registers?
    public let stack: StackCopy
    /// Return addresses in the kernel, leaf first.
    public let kernelFrames: [UInt64]

    /// `enum vmon_task_flags`.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        init(_ flag: vmon_task_flags) {
            rawValue = flag.rawValue
        }

        /// Has no user side.
        public static let kernelThread = Flags(VMON_TASK_KERNEL_THREAD)
        /// Its registers are valid.
        public static let registers = Flags(VMON_TASK_REGISTERS)
        /// Was captured by an interrupt while it ran.
        public static let onCPU = Flags(VMON_TASK_ON_CPU)
        /// Ran elsewhere and could not be interrupted: its registers are of its last kernel entry.
        public static let stale = Flags(VMON_TASK_STALE)
        /// Its user code is 32-bit.
        public static let is32Bit = Flags(VMON_TASK_32BIT)
        /// Ran while it was read: state and stacks may be of different moments.
        public static let moved = Flags(VMON_TASK_MOVED)
        /// Has more kernel frames than fit.
        public static let kernelTruncated = Flags(VMON_TASK_KERNEL_TRUNCATED)
        /// Its user stack is longer than the copy.
        public static let userTruncated = Flags(VMON_TASK_USER_TRUNCATED)
        /// Belongs to a process whose variable hit.
        public static let hit = Flags(VMON_TASK_HIT)
    }

    /// A task that was captured by something else than the module.
    public init(
        header: RecordHeader, pid: UInt32, tgid: UInt32, startTime: UInt64, comm: RawText, flags: Flags,
        state: UInt8, addressSpace: UInt64, waitChannel: UInt64, cgroup: RawText, registers: Registers?,
        stack: StackCopy, kernelFrames: [UInt64]
    ) {
        self.header = header
        self.pid = pid
        self.tgid = tgid
        self.startTime = startTime
        self.comm = comm
        self.flags = flags
        self.state = state
        self.addressSpace = addressSpace
        self.waitChannel = waitChannel
        self.cgroup = cgroup
        self.registers = registers
        self.stack = stack
        self.kernelFrames = kernelFrames
    }

    init(_ cursor: inout RecordCursor) throws(Damage.Reason) {
        let task = try cursor.take(vmon_task.self)
        guard task.kernel_frames <= UInt32(VMON_KERNEL_FRAMES_MAX) else {
            throw .overLimit("kernel frames", UInt64(task.kernel_frames))
        }
        guard task.stack_bytes <= UInt32(VMON_USER_STACK_MAX) else {
            throw .overLimit("bytes of stack", UInt64(task.stack_bytes))
        }
        header = RecordHeader(task.record)
        pid = task.pid
        tgid = task.tgid
        startTime = task.start_time_ns
        comm = RawText(fixed: task.comm)
        flags = Flags(rawValue: task.flags)
        state = task.state
        addressSpace = task.address_space
        waitChannel = task.wait_channel
        registers = flags.contains(.registers) ? Registers(task.registers) : nil

        var frames: [UInt64] = []
        for _ in 0..<task.kernel_frames {
            frames.append(try cursor.take(UInt64.self))
        }
        kernelFrames = frames
        stack = try StackCopy(
            start: task.stack_start, missingPages: task.stack_missing,
            bytes: cursor.take(paddedByteCount: Int(task.stack_bytes)))
        cgroup = RawText(try cursor.take(paddedByteCount: Int(task.cgroup_bytes)))
    }
}
