// SPDX-License-Identifier: Apache-2.0

extension Signature {
    /// The qualified name in a Swift signature, without parameters.
    ///
    /// `closure #1 (Swift.Int) -> () in main.f() -> ()` gives `main.f.closure#1`.
    mutating func swiftName() -> String {
        // These are about types that have no names of their own.
        for thing in ["reabstraction thunk", "protocol witness table"] as [StaticString]
        where firstPosition(of: thing) != nil {
            return oneWord(Array(thing.description.utf8)[...])
        }
        let parts = parts()
        guard let outermost = parts.last else { return "" }
        var name = Signature(outermost).entity()
        for part in parts.dropLast().reversed() {
            name += "." + Signature(part).label()
        }
        return name
    }

    /// What "in" separates, innermost first, up to the conformance of a protocol's witness.
    private mutating func parts() -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        while let next {
            if continues(with: " in ") {
                parts.append(text[start..<position])
                _ = skip(" in ")
                start = position
                if continues(with: "conformance ") { return parts }
            } else if "([{".utf8.contains(next) || next == UInt8(ascii: "<") && !isOperator() {
                _ = takeBrackets()
            } else if !skip("->") {
                position += 1
            }
        }
        parts.append(text[start...])
        return parts
    }

    /// `partial apply forwarder for closure #1 (A) -> B` gives `closure#1`; what has no number, its own name.
    private func label() -> String {
        guard let sign = text.firstIndex(of: UInt8(ascii: "#")), sign > 0 else { return entity() }
        let word = text[..<(sign - 1)].split(separator: UInt8(ascii: " ")).last ?? []
        let number = text[sign...].prefix { $0 == UInt8(ascii: "#") || (0x30...0x39).contains($0) }
        return oneWord(word) + String(decoding: number, as: UTF8.self)
    }

    /// The name of something that stands for itself. If it has neither parameters nor a type, it is
    /// a phrase about something else, and that is the name.
    private func entity() -> String {
        var rest = self
        rest.position = 0
        return rest.takeEntity() ?? oneWord(text[...])
    }

    private mutating func takeEntity() -> String? {
        var name = ""
        while let next {
            if continues(with: " : ") || continues(with: " -> ") || continues(with: " infix(")
                || continues(with: " prefix(") || continues(with: " postfix(")
            {
                return name
            } else if next == UInt8(ascii: " ") {
                // It was a word in front, such as "static".
                position += 1
                name = ""
            } else if isOperator() {
                name += String(decoding: take { !" (".utf8.contains($0) }, as: UTF8.self)
            } else if next == UInt8(ascii: "(") {
                let brackets = takeBrackets()
                if name.hasSuffix(".") {
                    // A private name: "(name in _ABC)".
                    name += oneWord(brackets.dropFirst().prefix { !" )".utf8.contains($0) })
                } else if !name.isEmpty {
                    return name
                } else {
                    _ = skip(":")  // behind "(extension in Module)"
                }
            } else if next == UInt8(ascii: "<") {
                let arguments = takeBrackets()
                // Those of a type belong to the name, those of the function do not.
                if !continues(with: "("), !continues(with: " ") { name += Self.withoutConstraints(arguments) }
            } else {
                name += String(decoding: take { !" (<".utf8.contains($0) }, as: UTF8.self)
            }
        }
        return nil
    }

    /// `<A where A: P>` gives `<A>`.
    private static func withoutConstraints(_ arguments: ArraySlice<UInt8>) -> String {
        let inner = Signature(arguments)
        guard let end = inner.firstPosition(of: " where ") else { return oneWord(arguments) }
        return oneWord(inner.text[..<end]) + ">"
    }

    /// Whether an operator's name comes next, behind the dot after its type.
    private func isOperator() -> Bool {
        guard let next, position > 0, text[position - 1] == UInt8(ascii: ".") else { return false }
        return "+-*/%^&|~!=<>?.".utf8.contains(next)
    }
}
