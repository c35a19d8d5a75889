// SPDX-License-Identifier: Apache-2.0
import CallFrameInformation
import DumpRecords

extension Registers {
    /// By their DWARF numbers.
    var values: RegisterValues {
        [rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip]
    }

    /// These, with other values.
    func with(_ values: RegisterValues) -> Registers {
        var changed = self
        (changed.rax, changed.rdx, changed.rcx, changed.rbx) = (values[0], values[1], values[2], values[3])
        (changed.rsi, changed.rdi, changed.rbp, changed.rsp) = (values[4], values[5], values[6], values[7])
        (changed.r8, changed.r9, changed.r10, changed.r11) = (values[8], values[9], values[10], values[11])
        (changed.r12, changed.r13, changed.r14, changed.r15) = (
            values[12], values[13], values[14], values[15]
        )
        changed.rip = values[16]
        return changed
    }
}
