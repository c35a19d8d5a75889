// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// The user registers of a task (`struct vmon_registers`).
public struct Registers: Sendable {
    public var rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp: UInt64
    public var r8, r9, r10, r11, r12, r13, r14, r15: UInt64
    public var rip: UInt64
    public var eflags, cs, ss: UInt64
    /// The number of the system call that the task is in, −1 outside of one. Of a profile's sample, 0: it does not say.
    public var origRax: UInt64

    /// All of them 0.
    public init() {
        self.init(vmon_registers())
    }

    init(_ registers: vmon_registers) {
        (rax, rbx, rcx, rdx) = (registers.rax, registers.rbx, registers.rcx, registers.rdx)
        (rsi, rdi, rbp, rsp) = (registers.rsi, registers.rdi, registers.rbp, registers.rsp)
        (r8, r9, r10, r11) = (registers.r8, registers.r9, registers.r10, registers.r11)
        (r12, r13, r14, r15) = (registers.r12, registers.r13, registers.r14, registers.r15)
        rip = registers.rip
        (eflags, cs, ss) = (registers.eflags, registers.cs, registers.ss)
        origRax = registers.orig_rax
    }
}
