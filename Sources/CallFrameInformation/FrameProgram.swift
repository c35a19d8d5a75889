// SPDX-License-Identifier: Apache-2.0

/// Runs the instructions of call-frame information (`DW_CFA_…`) up to one address.
struct FrameProgram {
    private let common: CommonEntry
    private let target: UInt64
    private var location: UInt64
    private var rules: FrameRules
    /// The rules where the function begins, which instructions can restore.
    private var initial: FrameRules
    private var remembered: [FrameRules] = []

    /// More than this no compiler nests.
    private static let rememberedMax = 64

    /// The rules that a section has for an address in an entry.
    static func rules(
        at address: UInt64, in entry: FrameEntry, of bytes: SectionBytes
    ) throws(Malformed) -> FrameRules {
        var program = FrameProgram(entry, bytes, target: address)
        try program.run(ByteCursor(bytes, entry.common.program))
        program.initial = program.rules
        try program.run(ByteCursor(bytes, entry.program))
        return program.rules
    }

    private init(_ entry: FrameEntry, _ bytes: SectionBytes, target: UInt64) {
        common = entry.common
        self.target = target
        location = entry.start
        rules = FrameRules(bytes: bytes)
        rules.isSignalFrame = entry.common.isSignalFrame
        initial = rules
    }

    private mutating func run(_ instructions: ByteCursor) throws(Malformed) {
        var cursor = instructions
        while !cursor.isAtEnd {
            let code = try cursor.take(UInt8.self)
            let operand = Int(code & 0x3f)
            let goesOn =
                switch code >> 6 {
                case 1: advance(by: UInt64(operand))
                case 2: set(operand, .saved(scaled(try cursor.takeULEB())))
                case 3: set(operand, initial(operand))
                default: try runExtended(operand, &cursor)
                }
            guard goesOn else { return }
        }
    }

    /// Runs an instruction without an operand in its code; false if the rules are those of the target.
    private mutating func runExtended(_ code: Int, _ cursor: inout ByteCursor) throws(Malformed) -> Bool {
        switch code {
        case 0x00: return true  // nop
        case 0x01: return move(to: try cursor.takePointer(common.pointerEncoding))  // set_loc
        case 0x02: return advance(by: UInt64(try cursor.take(UInt8.self)))
        case 0x03: return advance(by: UInt64(try cursor.take(UInt16.self)))
        case 0x04: return advance(by: UInt64(try cursor.take(UInt32.self)))
        case 0x05:  // offset_extended
            return set(try register(&cursor), .saved(scaled(try cursor.takeULEB())))
        case 0x06:  // restore_extended
            let register = try register(&cursor)
            return set(register, initial(register))
        case 0x07: return set(try register(&cursor), .undefined)
        case 0x08: return set(try register(&cursor), .sameValue)
        case 0x09: return set(try register(&cursor), .register(try knownRegister(&cursor)))
        case 0x0a: try remember()
        case 0x0b: try restore()
        case 0x0c, 0x0d, 0x0e, 0x0f, 0x12, 0x13: try defineFrameAddress(code, &cursor)
        case 0x10: return set(try register(&cursor), .savedAt(try cursor.skip(try cursor.takeULEB())))
        case 0x11:  // offset_extended_sf
            return set(try register(&cursor), .saved(scaled(try cursor.takeSLEB())))
        case 0x14: return set(try register(&cursor), .offset(scaled(try cursor.takeULEB())))  // val_offset
        case 0x15: return set(try register(&cursor), .offset(scaled(try cursor.takeSLEB())))
        case 0x16: return set(try register(&cursor), .expression(try cursor.skip(try cursor.takeULEB())))
        case 0x2e: _ = try cursor.takeULEB()  // GNU_args_size, which only throwing needs
        case 0x2f:  // GNU_negative_offset_extended
            return set(try register(&cursor), .saved(0 &- scaled(try cursor.takeULEB())))
        default: throw Malformed()
        }
        return true
    }

    private mutating func defineFrameAddress(_ code: Int, _ cursor: inout ByteCursor) throws(Malformed) {
        switch code {
        case 0x0c:  // def_cfa
            let register = try knownRegister(&cursor)
            rules.frameAddress = .register(register, offset: Int64(truncatingIfNeeded: try cursor.takeULEB()))
        case 0x12:  // def_cfa_sf
            let register = try knownRegister(&cursor)
            rules.frameAddress = .register(register, offset: scaled(try cursor.takeSLEB()))
        case 0x0f:  // def_cfa_expression
            rules.frameAddress = .expression(try cursor.skip(try cursor.takeULEB()))
        default:
            guard case .register(let register, let offset) = rules.frameAddress else { throw Malformed() }
            switch code {
            case 0x0d: rules.frameAddress = .register(try knownRegister(&cursor), offset: offset)
            case 0x0e:
                let offset = Int64(truncatingIfNeeded: try cursor.takeULEB())
                rules.frameAddress = .register(register, offset: offset)
            default: rules.frameAddress = .register(register, offset: scaled(try cursor.takeSLEB()))
            }
        }
    }

    private mutating func remember() throws(Malformed) {
        guard remembered.count < Self.rememberedMax else { throw Malformed() }
        remembered.append(rules)
    }

    private mutating func restore() throws(Malformed) {
        guard let last = remembered.popLast() else { throw Malformed() }
        rules = last
    }

    private mutating func advance(by delta: UInt64) -> Bool {
        move(to: location &+ delta &* common.codeAlignment)
    }

    /// False if the target lies before the new location, so that what is known holds for it.
    private mutating func move(to newLocation: UInt64) -> Bool {
        guard newLocation <= target else { return false }
        location = newLocation
        return true
    }

    private func scaled(_ number: UInt64) -> Int64 { scaled(Int64(bitPattern: number)) }

    private func scaled(_ number: Int64) -> Int64 { number &* common.dataAlignment }

    /// A register whose value can be used.
    private func knownRegister(_ cursor: inout ByteCursor) throws(Malformed) -> Int {
        let number = try register(&cursor)
        guard number < RegisterNumber.count else { throw Malformed() }
        return number
    }

    /// Any register: rules for vector registers are read and forgotten.
    private func register(_ cursor: inout ByteCursor) throws(Malformed) -> Int {
        let number = try cursor.takeULEB()
        if number == common.returnRegister { return RegisterNumber.rip }
        return Int(clamping: number)
    }

    private func initial(_ register: Int) -> FrameRules.Register {
        register < RegisterNumber.count ? initial.registers[register] : .unspecified
    }

    private mutating func set(_ register: Int, _ rule: FrameRules.Register) -> Bool {
        if register < RegisterNumber.count { rules.registers[register] = rule }
        return true
    }
}
