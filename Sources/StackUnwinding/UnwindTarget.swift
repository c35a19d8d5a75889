// SPDX-License-Identifier: Apache-2.0
import CUnwind
import DumpRecords
import Symbolisation

/// What libunwind asks about the task that it unwinds: memory, registers, unwind information.
final class UnwindTarget {
    private let registers: Registers
    private let stack: StackCopy
    private let image: ProcessImage
    /// Whether the walk begins in a caller, and not where the task was stopped.
    let beginsAtReturnAddress: Bool
    private let isTruncated: Bool
    /// The last address that could not be read.
    private var failedRead: UInt64?

    init(
        registers: Registers, stack: StackCopy, image: ProcessImage, beginsAtReturnAddress: Bool,
        isTruncated: Bool
    ) {
        self.registers = registers
        self.stack = stack
        self.image = image
        self.beginsAtReturnAddress = beginsAtReturnAddress
        self.isTruncated = isTruncated
    }

    /// The word at an address: of the stack's copy, else of the files.
    func word(at address: UInt64) -> UInt64? {
        if let word = stack.word(at: address) ?? image.word(at: address) { return word }
        failedRead = address
        return nil
    }

    /// Why a walk ends that could not read what it needed.
    var endAfterFailure: UserStack.End {
        guard let failedRead else { return .unreadable }
        return StackWords.with(stack, isTruncated: isTruncated) { $0.end(without: failedRead) }
    }

    /// A register by its DWARF number.
    func register(_ number: Int32) -> UInt64? {
        switch UInt32(bitPattern: number) {
        case UNW_X86_64_RAX.rawValue: registers.rax
        case UNW_X86_64_RDX.rawValue: registers.rdx
        case UNW_X86_64_RCX.rawValue: registers.rcx
        case UNW_X86_64_RBX.rawValue: registers.rbx
        case UNW_X86_64_RSI.rawValue: registers.rsi
        case UNW_X86_64_RDI.rawValue: registers.rdi
        case UNW_X86_64_RBP.rawValue: registers.rbp
        case UNW_X86_64_RSP.rawValue: registers.rsp
        case UNW_X86_64_R8.rawValue: registers.r8
        case UNW_X86_64_R9.rawValue: registers.r9
        case UNW_X86_64_R10.rawValue: registers.r10
        case UNW_X86_64_R11.rawValue: registers.r11
        case UNW_X86_64_R12.rawValue: registers.r12
        case UNW_X86_64_R13.rawValue: registers.r13
        case UNW_X86_64_R14.rawValue: registers.r14
        case UNW_X86_64_R15.rawValue: registers.r15
        case UNW_X86_64_RIP.rawValue: registers.rip
        default: nil
        }
    }

    /// The table over the unwind information of the code at an address; nil if there is none.
    func unwindTable(for address: UInt64) -> UnwindTable? {
        image.file(at: address).flatMap(UnwindTable.init)
    }

    /// Whether a function may go on at an address: a frame elsewhere is a misread stack.
    func isCode(_ address: UInt64) -> Bool {
        address != 0 && image.isExecutable(address)
    }

    /// The caller of a frame by its frame pointer: at that address are the caller's own frame
    /// pointer and the return address. Nil if there is no such thing.
    func caller(framePointer: UInt64, stackPointer: UInt64) -> UnwindTarget? {
        guard framePointer >= stackPointer, let callersPointer = stack.word(at: framePointer),
            let address = stack.word(at: framePointer &+ 8), isCode(address)
        else { return nil }
        var caller = registers
        caller.rip = address
        caller.rsp = framePointer &+ 16
        caller.rbp = callersPointer
        return UnwindTarget(
            registers: caller, stack: stack, image: image, beginsAtReturnAddress: true,
            isTruncated: isTruncated)
    }
}
