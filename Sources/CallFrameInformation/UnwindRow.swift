// SPDX-License-Identifier: Apache-2.0

/// How to get from a frame to its caller's, at one address: 32 bytes, for what nearly all code needs.
///
/// The caller's stack pointer is the CFA. What is saved lies at the CFA and an offset.
public struct UnwindRow: BitwiseCopyable, Sendable {
    public enum Kind: UInt8, BitwiseCopyable, Sendable {
        /// No row: what the memory of an unused place in a cache means.
        case empty
        /// The fields say all.
        case plain
        /// There are more rules than fit; ``CallFrames/rules(of:)`` has them.
        case complex
        /// The same, of what an interrupted function left behind: its address is not a return address.
        case signalFrame
        /// This is the outermost function: its caller is undefined.
        case outermost
        /// Nothing is known about the address.
        case unknown
        /// There is call-frame information, but it cannot be read.
        case malformed
    }

    /// File address.
    var address: UInt64 = 0
    /// Of the CFA from the value of ``frameRegister``.
    public internal(set) var frameOffset: Int32 = 0
    var rulesIndex: UInt32 = 0
    public internal(set) var kind = Kind.unknown
    /// A register's DWARF number, less than ``RegisterNumber/count``.
    public internal(set) var frameRegister: UInt8 = 0
    /// Offsets of saved values from the CFA, or ``notSaved``.
    public internal(set) var rip = notSaved
    public internal(set) var rbp = notSaved
    public internal(set) var rbx = notSaved
    public internal(set) var r12 = notSaved
    public internal(set) var r13 = notSaved
    public internal(set) var r14 = notSaved
    public internal(set) var r15 = notSaved

    /// The register has the same value as in the caller.
    public static var notSaved: Int16 { .min }

    /// Of code that has no call-frame information.
    public static var unknown: UnwindRow { UnwindRow(.unknown) }

    init(_ kind: Kind) {
        self.kind = kind
    }

    /// Nil if the rules do not fit into a row.
    init?(_ rules: FrameRules) {
        if case .undefined = rules.registers[RegisterNumber.rip] {
            self.init(.outermost)
            return
        }
        self.init(.plain)
        guard !rules.isSignalFrame, case .register(let register, let offset) = rules.frameAddress,
            let frameRegister = UInt8(exactly: register), let frameOffset = Int32(exactly: offset)
        else { return nil }
        self.frameRegister = frameRegister
        self.frameOffset = frameOffset
        for number in 0..<RegisterNumber.count {
            guard store(rules.registers[number], of: number) else { return nil }
        }
        guard rip != Self.notSaved else { return nil }
    }

    /// False if the rule does not fit.
    private mutating func store(_ rule: FrameRules.Register, of number: Int) -> Bool {
        switch rule {
        case .unspecified: return true
        case .undefined, .sameValue: return number != RegisterNumber.rsp
        case .offset(0): return number == RegisterNumber.rsp
        case .saved(let offset):
            guard let offset = Int16(exactly: offset), offset != Self.notSaved else { return false }
            switch number {
            case RegisterNumber.rip: rip = offset
            case RegisterNumber.rbp: rbp = offset
            case RegisterNumber.rbx: rbx = offset
            case RegisterNumber.r12: r12 = offset
            case RegisterNumber.r13: r13 = offset
            case RegisterNumber.r14: r14 = offset
            case RegisterNumber.r15: r15 = offset
            default: return false
            }
            return true
        default: return false
        }
    }
}
