// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// What a person calls a variable or a part of one: `queue_depth`, `net::pool.free`, `slots[3].depth`.
///
/// A dot is a part of a name (`main.depth` in Swift, `calls.0` in C) or comes before a field. Which one
/// only the symbols tell, so all readings are tried, those with the longest names first.
struct VariableName {
    struct Reading {
        let name: String
        let steps: [Step]
    }

    /// The way from a variable to the part of it that is meant.
    enum Step: Equatable {
        case field(String)
        case element(UInt64)
    }

    /// The one with the longest name first.
    let readings: [Reading]

    private static let lengthMax = 4096
    private static let stepsMax = 32

    init(_ text: String) throws(LookupError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.lengthMax, !bytes.contains(0) else {
            throw LookupError("a variable's name has 1 to \(Self.lengthMax) bytes")
        }
        var readings = [Reading(name: text, steps: [])]
        for end in bytes.indices.dropFirst().reversed() where ".[".utf8.contains(bytes[end]) {
            // Once a step cannot be read, no longer row of them can.
            guard let steps = Self.steps(bytes[end...]), steps.count <= Self.stepsMax else { break }
            readings.append(Reading(name: String(decoding: bytes[..<end], as: UTF8.self), steps: steps))
        }
        self.readings = readings
    }

    /// `.field` and `[3]`, any number of times; nil if it is anything else.
    private static func steps(_ text: ArraySlice<UInt8>) -> [Step]? {
        var rest = text
        var steps: [Step] = []
        while let first = rest.popFirst() {
            let word = rest.prefix { !".[]".utf8.contains($0) }
            rest = rest.dropFirst(word.count)
            let text = String(decoding: word, as: UTF8.self)
            if first == UInt8(ascii: "."), !word.isEmpty {
                steps.append(.field(text))
            } else if first == UInt8(ascii: "["), let index = UInt64(text),
                rest.popFirst() == UInt8(ascii: "]")
            {
                steps.append(.element(index))
            } else {
                return nil
            }
        }
        return steps
    }

    /// How well a symbol fits; nil if it does not.
    func fit(_ symbol: String) -> Fit? {
        guard isVariable(symbol) else { return nil }
        let shown = functionName(ofSymbol: symbol)
        for (index, reading) in readings.enumerated() {
            if symbol == reading.name || shown == reading.name {
                return Fit(reading: index, isWhole: true)
            }
            if Self.ends(shown, with: reading.name) || Self.isStaticOfFunction(symbol, reading.name) {
                return Fit(reading: index, isWhole: false)
            }
        }
        return nil
    }

    struct Fit: Comparable {
        /// Its place in ``readings``.
        let reading: Int
        /// Not only the last parts of a qualified name.
        let isWhole: Bool

        /// The better one first.
        static func < (first: Fit, second: Fit) -> Bool {
            (first.isWhole ? 0 : 1, first.reading) < (second.isWhole ? 0 : 1, second.reading)
        }
    }

    /// Whether the last parts of a qualified name are these.
    private static func ends(_ name: String, with parts: String) -> Bool {
        guard name.utf8.count > parts.utf8.count, name.hasSuffix(parts) else { return false }
        let rest = name.utf8.dropLast(parts.utf8.count)
        return rest.last == UInt8(ascii: ".") || rest.last == UInt8(ascii: ":")
    }

    /// Compilers number the static variables of C functions: `calls.0`.
    private static func isStaticOfFunction(_ symbol: String, _ name: String) -> Bool {
        let rest = symbol.utf8.dropFirst(name.utf8.count)
        return symbol.hasPrefix(name) && rest.first == UInt8(ascii: ".") && rest.count > 1
            && rest.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}
