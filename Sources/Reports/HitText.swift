// SPDX-License-Identifier: Apache-2.0
import DumpRecords

extension NumberKind {
    /// A variable's number as records have it.
    func text(_ bits: UInt64) -> String {
        switch self {
        case .signed: String(Int64(bitPattern: bits))
        case .unsigned: String(bits)
        case .float: Float(bitPattern: UInt32(truncatingIfNeeded: bits)).description
        case .double: Double(bitPattern: bits).description
        }
    }
}

extension Hit {
    /// What held, and with which values: `temp = 151 > 150`.
    var conditionText: String {
        let now = "\(name.printable) = \(kind.text(value))"
        let limit = thresholdText
        let text =
            switch comparison {
            case .greater: "\(now) > \(limit)"
            case .less: "\(now) < \(limit)"
            case .equal: "\(now) == \(limit)"
            case .notEqual: "\(now) != \(limit)"
            case .outside: "\(now) outside \(limit) to \(condition.map { kind.text($0.high) } ?? "?")"
            case .changed: "\(now), before \(previousText)"
            case .changedBy: "\(now), before \(previousText), changed by more than \(limit)"
            case .unchanged: "\(now), unchanged for \(unchangedText)"
            case .anyBits: "\(now), of bits \(bits(threshold)) has \(bits(value & threshold))"
            case .allBits: "\(now), has all bits of \(bits(threshold))"
            case .other(let number): "\(now), by a condition (\(number)) that this ucli does not know"
            }
        guard let condition, condition.ticks > 1 else { return text }
        return text + ", at \(condition.ticksHeld) ticks in a row"
    }

    /// The threshold as a number. A change, a time and bits have no sign.
    var thresholdText: String {
        switch comparison {
        case .changedBy where kind == .signed: String(threshold)
        case .unchanged, .anyBits, .allBits: String(threshold)
        default: kind.text(threshold)
        }
    }

    private var previousText: String { condition?.previous.map { kind.text($0.value) } ?? "unknown" }

    private var unchangedText: String {
        let limit = "at least \(milliseconds(threshold)) ms"
        return condition?.previous.map { "\(milliseconds($0.unchanged)) ms, \(limit)" } ?? limit
    }

    private func bits(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
