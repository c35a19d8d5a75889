// SPDX-License-Identifier: Apache-2.0

/// Evaluates a DWARF expression (`DW_OP_…`) of call-frame information.
///
/// An expression may jump backwards, so the number of its steps is bounded, and so is its stack.
struct ExpressionMachine {
    private var cursor: ByteCursor
    private let registers: RegisterValues
    private var stack: [UInt64]

    private static let stepsMax = 1000
    private static let stackMax = 64

    init(cursor: ByteCursor, registers: RegisterValues, initial: UInt64?) {
        self.cursor = cursor
        self.registers = registers
        stack = initial.map { [$0] } ?? []
    }

    mutating func run(_ word: (UInt64) -> UInt64?) throws(Malformed) -> UInt64 {
        var steps = 0
        while !cursor.isAtEnd {
            steps += 1
            guard steps <= Self.stepsMax else { throw Malformed() }
            try step(try cursor.take(UInt8.self), word)
        }
        return try pop()
    }

    private mutating func step(_ code: UInt8, _ word: (UInt64) -> UInt64?) throws(Malformed) {
        switch code {
        case 0x06: try push(try Self.read(try pop(), word))  // deref
        case 0x94: try dereference(size: try cursor.take(UInt8.self), word)  // deref_size
        case 0x03, 0x08...0x11: try pushConstant(code)
        case 0x12...0x17: try rearrange(code)
        case 0x19...0x27, 0x29...0x2e: try calculate(code)
        case 0x2f: try cursor.jump(by: try cursor.take(Int16.self))  // skip
        case 0x28:  // bra
            let distance = try cursor.take(Int16.self)
            if try pop() != 0 { try cursor.jump(by: distance) }
        case 0x30...0x4f: try push(UInt64(code - 0x30))  // lit0 … lit31
        case 0x70...0x8f: try pushRegister(UInt64(code - 0x70))  // breg0 … breg31
        case 0x92: try pushRegister(try cursor.takeULEB())  // bregx
        case 0x96: break  // nop
        default: throw Malformed()
        }
    }

    private mutating func pushConstant(_ code: UInt8) throws(Malformed) {
        let value: UInt64 =
            switch code {
            case 0x03, 0x0e, 0x0f: try cursor.take(UInt64.self)
            case 0x08: UInt64(try cursor.take(UInt8.self))
            case 0x09: UInt64(bitPattern: Int64(try cursor.take(Int8.self)))
            case 0x0a: UInt64(try cursor.take(UInt16.self))
            case 0x0b: UInt64(bitPattern: Int64(try cursor.take(Int16.self)))
            case 0x0c: UInt64(try cursor.take(UInt32.self))
            case 0x0d: UInt64(bitPattern: Int64(try cursor.take(Int32.self)))
            case 0x10: try cursor.takeULEB()
            default: UInt64(bitPattern: try cursor.takeSLEB())
            }
        try push(value)
    }

    private mutating func pushRegister(_ number: UInt64) throws(Malformed) {
        guard number < UInt64(RegisterNumber.count) else { throw Malformed() }
        try push(registers[Int(number)] &+ UInt64(bitPattern: try cursor.takeSLEB()))
    }

    /// Instructions that only move what is on the stack.
    private mutating func rearrange(_ code: UInt8) throws(Malformed) {
        switch code {
        case 0x12: try push(try top(0))  // dup
        case 0x13: _ = try pop()  // drop
        case 0x14: try push(try top(1))  // over
        case 0x15: try push(try top(Int(try cursor.take(UInt8.self))))  // pick
        case 0x16:  // swap
            let (first, second) = (try pop(), try pop())
            stack += [first, second]
        default:  // rot
            let (first, second, third) = (try pop(), try pop(), try pop())
            stack += [first, third, second]
        }
    }

    private mutating func calculate(_ code: UInt8) throws(Malformed) {
        let last = try pop()
        let signed = Int64(bitPattern: last)
        switch code {
        case 0x19: try push(signed.magnitude)
        case 0x1f: try push(0 &- last)
        case 0x20: try push(~last)
        case 0x23: try push(last &+ (try cursor.takeULEB()))  // plus_uconst
        default: try push(try Self.result(code, try pop(), last))
        }
    }

    /// Of two numbers, the second of which was on top of the stack.
    private static func result(_ code: UInt8, _ first: UInt64, _ second: UInt64) throws(Malformed) -> UInt64 {
        let (left, right) = (Int64(bitPattern: first), Int64(bitPattern: second))
        switch code {
        case 0x1a: return first & second
        case 0x1b:
            guard right != 0 else { throw Malformed() }
            return UInt64(bitPattern: left.dividedReportingOverflow(by: right).partialValue)
        case 0x1c: return first &- second
        case 0x1d:
            guard second != 0 else { throw Malformed() }
            return first % second
        case 0x1e: return first &* second
        case 0x21: return first | second
        case 0x22: return first &+ second
        case 0x24: return first << second
        case 0x25: return first >> second
        case 0x26: return UInt64(bitPattern: left >> second)
        case 0x27: return first ^ second
        case 0x29: return left == right ? 1 : 0
        case 0x2a: return left >= right ? 1 : 0
        case 0x2b: return left > right ? 1 : 0
        case 0x2c: return left <= right ? 1 : 0
        case 0x2d: return left < right ? 1 : 0
        case 0x2e: return left != right ? 1 : 0
        default: throw Malformed()
        }
    }

    private mutating func dereference(size: UInt8, _ word: (UInt64) -> UInt64?) throws(Malformed) {
        guard size >= 1, size <= 8 else { throw Malformed() }
        let value = try Self.read(try pop(), word)
        try push(size == 8 ? value : value & ((1 << (UInt64(size) * 8)) - 1))
    }

    private static func read(_ address: UInt64, _ word: (UInt64) -> UInt64?) throws(Malformed) -> UInt64 {
        guard let value = word(address) else { throw Malformed() }
        return value
    }

    private func top(_ depth: Int) throws(Malformed) -> UInt64 {
        guard depth < stack.count else { throw Malformed() }
        return stack[stack.count - 1 - depth]
    }

    private mutating func push(_ value: UInt64) throws(Malformed) {
        guard stack.count < Self.stackMax else { throw Malformed() }
        stack.append(value)
    }

    private mutating func pop() throws(Malformed) -> UInt64 {
        guard let value = stack.popLast() else { throw Malformed() }
        return value
    }
}
