// SPDX-License-Identifier: Apache-2.0
import CallFrameInformation

/// A walk along one stack by the rows of call-frame information, and by frame pointers where there are none.
///
/// ``run(_:_:limit:)`` is the loop in which unwinding spends its time. For nearly every frame it finds a
/// row of 32 bytes in a flat table, and reads the return address and what the function saved; it
/// allocates nothing, and the reference to the file's table changes only when the walk leaves the file.
/// What is rare has functions of its own, for the size of their variables would cost every frame.
struct StackWalk {
    enum Stop {
        case end(UserStack.End)
        /// Nothing here can read the rules of the frame that the walk has come to.
        case unreadableRules
    }

    /// Of the frame that the walk has come to.
    private(set) var registers: RegisterValues
    /// Whether that frame has called the one before, and so its address is a return address.
    private(set) var isCaller = false
    let stack: StackWords
    /// Frames begin above it.
    private var floor: UInt64 = 0
    /// What it means if the next frame makes no sense.
    private var nonsense = UserStack.End.unreadable
    /// A handler ran on another stack than what its signal stopped.
    private var hasSwitchedStack = false

    init(registers: RegisterValues, stack: StackWords) {
        self.registers = registers
        self.stack = stack
    }

    /// Appends frames, leaf first.
    mutating func run(_ frames: inout [Frame], _ code: inout CodeMap, limit: Int) -> Stop {
        var region = CodeRegion.nothing(isCode: false)
        while true {
            let address = registers[RegisterNumber.rip]
            if isCaller, address == 0 { return .end(.complete) }
            let lookupAddress = isCaller ? address &- 1 : address
            if !region.contains(lookupAddress) { region = code.region(of: lookupAddress) }
            // Callers are code, and further up, for stacks grow down; only handlers may have a stack of
            // their own.
            if isCaller, !region.isCode || registers[RegisterNumber.rsp] <= floor { return .end(nonsense) }
            guard frames.count < limit else { return .end(.tooDeep) }

            let row = region.frames?.row(at: lookupAddress &- region.bias) ?? .unknown
            if row.kind == .malformed { return .unreadableRules }
            let isSignalFrame = row.kind == .signalFrame
            frames.append(Frame(address: address, isReturnAddress: isCaller && !isSignalFrame))

            // Where a task was stopped, it may have the return address in a register, as vfork() has:
            // then its caller's stack begins at the same place.
            floor = registers[RegisterNumber.rsp] &- (isCaller ? 0 : 1)
            nonsense = .unreadable
            let end: UserStack.End?
            switch row.kind {
            case .plain: end = step(row)
            case .complex, .signalFrame: end = stepByRules(of: row, region, code)
            case .outermost: end = .complete
            default: end = stepByFramePointer()
            }
            if let end { return .end(hasSwitchedStack && end != .complete ? .otherStack : end) }
            isCaller = !isSignalFrame
        }
    }

    /// Goes to the caller; why not, if it cannot.
    @inline(__always)
    private mutating func step(_ row: UnwindRow) -> UserStack.End? {
        let frame = registers[Int(row.frameRegister)] &+ UInt64(bitPattern: Int64(row.frameOffset))
        let returnPlace = frame &+ UInt64(bitPattern: Int64(row.rip))
        guard let caller = stack.word(at: returnPlace) else { return stack.end(without: returnPlace) }
        guard restore(RegisterNumber.rbp, row.rbp, frame), restore(RegisterNumber.rbx, row.rbx, frame),
            restore(RegisterNumber.r12, row.r12, frame), restore(RegisterNumber.r13, row.r13, frame),
            restore(RegisterNumber.r14, row.r14, frame), restore(RegisterNumber.r15, row.r15, frame)
        else { return stack.end(without: frame) }
        registers[RegisterNumber.rip] = caller
        registers[RegisterNumber.rsp] = frame
        return nil
    }

    /// False if the register was saved, but is not in the copy.
    @inline(__always)
    private mutating func restore(_ register: Int, _ offset: Int16, _ frame: UInt64) -> Bool {
        if offset == UnwindRow.notSaved { return true }
        let place = frame &+ UInt64(bitPattern: Int64(offset))
        guard let value = stack.word(at: place) else {
            // At its end a function takes what it saved off the stack, which compilers do not tell:
            // then the register has its value already.
            return place < registers[RegisterNumber.rsp]
        }
        registers[register] = value
        return true
    }

    /// Goes to the caller by rules of any kind; why not, if it cannot.
    @inline(never)
    private mutating func stepByRules(
        of row: UnwindRow, _ region: CodeRegion, _ code: CodeMap
    ) -> UserStack.End? {
        guard let rules = region.frames?.rules(of: row) else { return .noRules }
        var failedRead: UInt64?
        func word(_ address: UInt64) -> UInt64? {
            if let word = stack.word(at: address) ?? code.word(at: address) { return word }
            failedRead = address
            return nil
        }
        guard let caller = rules.caller(of: registers, word) else {
            return failedRead.map(stack.end(without:)) ?? .unreadable
        }
        if row.kind == .signalFrame {
            // The kernel puts the frame of a signal right under what it stops, but for the registers and
            // 128 bytes that functions may use below their stack pointer.
            let distance = caller[RegisterNumber.rsp] &- registers[RegisterNumber.rsp]
            hasSwitchedStack = distance > 64 << 10
        }
        registers = caller
        return nil
    }

    /// Goes to the caller by the frame pointer: at that address are the caller's own and the return address.
    private mutating func stepByFramePointer() -> UserStack.End? {
        let pointer = registers[RegisterNumber.rbp]
        // Code that keeps frame pointers has none where it begins.
        if pointer == 0, isCaller { return .complete }
        guard pointer >= registers[RegisterNumber.rsp] else { return .noRules }
        guard let callersPointer = stack.word(at: pointer), let address = stack.word(at: pointer &+ 8) else {
            // One that points elsewhere is no frame pointer.
            let end = stack.end(without: pointer &+ 8)
            return end == .truncated || stack.contains(pointer) ? end : .noRules
        }
        registers[RegisterNumber.rbp] = callersPointer
        registers[RegisterNumber.rsp] = pointer &+ 16
        registers[RegisterNumber.rip] = address
        nonsense = .noRules
        return nil
    }
}
