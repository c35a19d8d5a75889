// SPDX-License-Identifier: Apache-2.0

extension FrameRules {
    /// The registers of the caller of a frame.
    ///
    /// - Parameter word: reads the process's memory.
    /// - Returns: nil if a rule needs what is not there, or is malformed.
    public func caller(of frame: RegisterValues, _ word: (UInt64) -> UInt64?) -> RegisterValues? {
        if case .unspecified = registers[RegisterNumber.rip] { return nil }
        guard let address = frameAddress(frame, word) else { return nil }
        var caller = frame
        caller[RegisterNumber.rsp] = address
        for number in 0..<RegisterNumber.count {
            switch registers[number] {
            case .unspecified, .undefined: continue
            case let rule:
                guard let value = value(of: number, rule, address, frame, word) else { return nil }
                caller[number] = value
            }
        }
        return caller
    }

    private func frameAddress(_ frame: RegisterValues, _ word: (UInt64) -> UInt64?) -> UInt64? {
        switch frameAddress {
        case .unknown: nil
        case .register(let number, let offset): frame[number] &+ UInt64(bitPattern: offset)
        case .expression(let expression): evaluate(expression, initial: nil, registers: frame, word: word)
        }
    }

    private func value(
        of register: Int, _ rule: Register, _ address: UInt64, _ frame: RegisterValues,
        _ word: (UInt64) -> UInt64?
    ) -> UInt64? {
        switch rule {
        case .unspecified, .undefined, .sameValue: frame[register]
        case .saved(let offset): saved(register, at: address &+ UInt64(bitPattern: offset), frame, word)
        case .offset(let offset): address &+ UInt64(bitPattern: offset)
        case .register(let number): frame[number]
        case .savedAt(let expression):
            evaluate(expression, initial: address, registers: frame, word: word).flatMap(word)
        case .expression(let expression):
            evaluate(expression, initial: address, registers: frame, word: word)
        }
    }

    /// At its end a function takes what it saved off the stack, which compilers do not tell: then the
    /// register has its value already.
    private func saved(
        _ register: Int, at place: UInt64, _ frame: RegisterValues, _ word: (UInt64) -> UInt64?
    ) -> UInt64? {
        let isTaken = register != RegisterNumber.rip && place < frame[RegisterNumber.rsp]
        return word(place) ?? (isTaken ? frame[register] : nil)
    }
}
