// SPDX-License-Identifier: Apache-2.0

extension Signature {
    /// The qualified name in a C++ signature, with template arguments and without parameters.
    ///
    /// `void ns::list<int>::sort<less>(less) const` gives `ns::list<int>::sort<less>`.
    mutating func cxxName() -> String {
        var name = ""
        while let next {
            if skip("(anonymous namespace)") {
                name += "(anonymous)"
            } else if isAtOperator(after: name) {
                name += takeOperator()
            } else if next == UInt8(ascii: " ") {
                // It was the return type, or words such as "thunk to".
                position += 1
                name = ""
            } else if next == UInt8(ascii: "<") {
                name += oneWord(takeBrackets())
            } else if next == UInt8(ascii: "{") {
                name += Self.withoutParameters(takeBrackets())
            } else if next == UInt8(ascii: "[") {
                _ = takeBrackets()  // an ABI tag
            } else if next == UInt8(ascii: "(") {
                if name.isEmpty, skip("(*") || skip("(&") { continue }  // it returns a function pointer
                _ = takeBrackets()
                // In "decltype (…)" nothing is in front, and a function's local things follow behind.
                if !name.isEmpty, !skipQualifiers() { break }
            } else if next == UInt8(ascii: ")") {
                break
            } else {
                name += String(decoding: takeWord(), as: UTF8.self)
            }
        }
        return name
    }

    /// An identifier, or one byte of something else.
    private mutating func takeWord() -> ArraySlice<UInt8> {
        let start = position
        _ = take()
        if Self.isIdentifier(text[start]) { _ = take(while: Self.isIdentifier) }
        return text[start..<position]
    }

    private func isAtOperator(after name: String) -> Bool {
        guard continues(with: "operator"), name.isEmpty || name.hasSuffix("::") else { return false }
        let after = position + "operator".utf8.count
        return after < text.count && !Self.isIdentifier(text[after])
    }

    /// `operator` and what it is: a symbol, a word such as `new`, or a type.
    private mutating func takeOperator() -> String {
        _ = skip("operator")
        if skip("()") { return "operator()" }
        if skip("[]") { return "operator[]" }
        if next == UInt8(ascii: " ") {
            let start = position
            while let next, next != UInt8(ascii: "(") {
                if next == UInt8(ascii: "<") { _ = takeBrackets() } else { position += 1 }
            }
            return "operator" + oneWord(text[start..<position])
        }
        var symbol = take { !" ()".utf8.contains($0) && !Self.isIdentifier($0) }
        // A blank keeps quotes and a suffix apart, and "<" and template arguments.
        if symbol.last == UInt8(ascii: "\"") { _ = skip(" ") }
        if continues(with: " <") {
            position += 1
            symbol.append(UInt8(ascii: "_"))
        }
        return "operator" + String(decoding: symbol, as: UTF8.self)
    }

    /// Goes past what follows parameters, as far as `::`; false if there is no such thing.
    private mutating func skipQualifiers() -> Bool {
        let start = position
        while skip(" const") || skip(" volatile") || skip(" &") || skip("&") {}
        if continues(with: "::") { return true }
        position = start
        return false
    }

    /// `{lambda(int)#1}` gives `{lambda#1}`.
    private static func withoutParameters(_ braces: ArraySlice<UInt8>) -> String {
        var inner = Signature(braces)
        var rest: [UInt8] = []
        while let next = inner.next {
            if next == UInt8(ascii: "(") { _ = inner.takeBrackets() } else { rest.append(inner.take()) }
        }
        return oneWord(rest[...])
    }

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xff:
            true
        default: false
        }
    }
}
