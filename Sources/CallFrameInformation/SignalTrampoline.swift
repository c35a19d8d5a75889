// SPDX-License-Identifier: Apache-2.0

/// The few instructions to which a signal handler returns: all of them call rt_sigreturn(2).
enum SignalTrampoline {
    /// `mov $15, %rax; syscall`, and the shorter `mov $15, %eax; syscall`.
    private static let code: [[UInt8]] = [
        [0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05], [0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05],
    ]

    static func begins(_ bytes: SectionBytes) -> Bool {
        code.contains { code in
            code.indices.allSatisfy { bytes.load(at: $0, as: UInt8.self) == code[$0] }
        }
    }

    /// The handler's return took the trampoline's address off the stack, on which the kernel has left
    /// a `struct ucontext`: 40 bytes of other things, then registers in the order of `struct sigcontext`.
    static func rules(_ bytes: SectionBytes) -> FrameRules {
        let order =
            [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, RegisterNumber.rbp, RegisterNumber.rbx, 1, 0, 2]
            + [RegisterNumber.rsp, RegisterNumber.rip]
        var rules = FrameRules(bytes: bytes)
        rules.frameAddress = .register(RegisterNumber.rsp, offset: 0)
        rules.isSignalFrame = true
        for (place, register) in order.enumerated() {
            rules.registers[register] = .saved(Int64(40 + place * 8))
        }
        return rules
    }
}
