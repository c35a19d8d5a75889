// SPDX-License-Identifier: Apache-2.0

/// Registers by their DWARF numbers.
public enum RegisterNumber {
    public static let rbx = 3
    public static let rbp = 6
    public static let rsp = 7
    public static let r12 = 12
    public static let r13 = 13
    public static let r14 = 14
    public static let r15 = 15
    /// The return address: in the caller, the instruction pointer.
    public static let rip = 16
    /// How many have rules: 16 general ones and the return address.
    public static let count = 17
}

/// The values of the registers of one frame, by number.
public typealias RegisterValues = InlineArray<17, UInt64>

/// Everything that is said about how to get from a frame to its caller's, at one address.
public struct FrameRules {
    /// Where the caller's frame ends (the canonical frame address, CFA).
    enum FrameAddress {
        case unknown
        case register(Int, offset: Int64)
        case expression(Range<Int>)
    }

    /// What a register was in the caller.
    enum Register {
        /// Nothing is said, which means the same value, or for the stack pointer the CFA.
        case unspecified
        case undefined
        case sameValue
        /// In memory, at the CFA and an offset.
        case saved(Int64)
        /// The CFA and an offset.
        case offset(Int64)
        case register(Int)
        /// In memory, where an expression says.
        case savedAt(Range<Int>)
        case expression(Range<Int>)
    }

    var frameAddress = FrameAddress.unknown
    var registers = InlineArray<17, Register>(repeating: .unspecified)
    /// What an interrupted function left behind: its address is not a return address.
    var isSignalFrame = false
    /// The section, in which expressions are by their offsets.
    let bytes: SectionBytes

    /// The result of an expression.
    ///
    /// - Parameters:
    ///   - expression: its offsets in the section.
    ///   - initial: what it begins with on its stack; nil for nothing.
    ///   - word: reads the process's memory.
    /// - Returns: nil if it is malformed, or reads what is not there.
    func evaluate(
        _ expression: Range<Int>, initial: UInt64?, registers: RegisterValues, word: (UInt64) -> UInt64?
    ) -> UInt64? {
        var machine = ExpressionMachine(
            cursor: ByteCursor(bytes, expression), registers: registers, initial: initial)
        return try? machine.run(word)
    }
}
