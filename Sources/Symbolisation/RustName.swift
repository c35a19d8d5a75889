// SPDX-License-Identifier: Apache-2.0

/// A name of Rust's "v0" mangling (`_R…`), read from start to end while it is written out.
///
/// Crates' hashes and the types of constants are left out, as rustc's own short form does. No library
/// has this, and the grammar is small: see "Symbol Mangling" in the rustc book. Parts may refer to earlier
/// parts, so that a name of a hundred bytes can stand for one of megabytes: text, depth and steps have limits.
struct RustName {
    private let symbol: [UInt8]
    private var position = 0
    private var output: [UInt8] = []
    private var depth = 0
    private var steps = 0
    /// How many lifetimes the binders around have named.
    private var boundLifetimes: UInt64 = 0
    /// What is read leaves no text.
    private var isSilent = false

    private static let depthMax = 128
    private static let stepsMax = 20_000

    private struct Malformed: Error {}

    /// The text for a symbol; nil if it is not of this kind.
    static func demangled(_ symbol: [UInt8]) -> [UInt8]? {
        guard symbol.starts(with: "_R".utf8) else { return nil }
        var name = RustName(symbol: Array(symbol.dropFirst(2).prefix { $0 != UInt8(ascii: ".") }))
        do {
            return try name.text()
        } catch {
            return name.output.count > functionNameMax ? name.output : nil
        }
    }

    private init(symbol: [UInt8]) {
        self.symbol = symbol
    }

    private mutating func text() throws -> [UInt8] {
        try path(inValue: true)
        // The crate for which it was made may follow.
        isSilent = true
        if position < symbol.count { try path(inValue: false) }
        guard position == symbol.count else { throw Malformed() }
        return output
    }

    // MARK: Paths

    private mutating func path(inValue: Bool) throws {
        try enter()
        defer { depth -= 1 }
        switch try take() {
        case UInt8(ascii: "C"):
            _ = try disambiguator()
            write(try identifier())
        case UInt8(ascii: "M"):
            try implementation()
            write("<")
            try type()
            write(">")
        case UInt8(ascii: "X"):
            try implementation()
            try qualified()
        case UInt8(ascii: "Y"):
            try qualified()
        case UInt8(ascii: "N"):
            try nested(inValue: inValue)
        case UInt8(ascii: "I"):
            try path(inValue: inValue)
            write(inValue ? "::<" : "<")
            try list { try $0.genericArgument() }
            write(">")
        case UInt8(ascii: "B"):
            try reference { try $0.path(inValue: inValue) }
        default: throw Malformed()
        }
    }

    /// Where an `impl` block is, which a name does not show.
    private mutating func implementation() throws {
        let wasSilent = isSilent
        isSilent = true
        _ = try disambiguator()
        try path(inValue: false)
        isSilent = wasSilent
    }

    private mutating func qualified() throws {
        write("<")
        try type()
        write(" as ")
        try path(inValue: false)
        write(">")
    }

    private mutating func nested(inValue: Bool) throws {
        let namespace = try take()
        try path(inValue: inValue)
        let number = try disambiguator()
        let name = try identifier()
        switch namespace {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            write("::{")
            switch namespace {
            case UInt8(ascii: "C"): write("closure")
            case UInt8(ascii: "S"): write("shim")
            default: write([namespace])
            }
            if !name.isEmpty { write(":") }
            write(name)
            write("#\(number)}")
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            if !name.isEmpty { write("::") }
            write(name)
        default: throw Malformed()
        }
    }

    private mutating func genericArgument() throws {
        if skip("L") {
            try lifetime(try base62())
        } else if skip("K") {
            try constant()
        } else {
            try type()
        }
    }

    // MARK: Types

    private static let basicTypes: [UInt8: String] = [
        UInt8(ascii: "a"): "i8", UInt8(ascii: "b"): "bool", UInt8(ascii: "c"): "char",
        UInt8(ascii: "d"): "f64",
        UInt8(ascii: "e"): "str", UInt8(ascii: "f"): "f32", UInt8(ascii: "h"): "u8",
        UInt8(ascii: "i"): "isize",
        UInt8(ascii: "j"): "usize", UInt8(ascii: "l"): "i32", UInt8(ascii: "m"): "u32",
        UInt8(ascii: "n"): "i128",
        UInt8(ascii: "o"): "u128", UInt8(ascii: "p"): "_", UInt8(ascii: "s"): "i16", UInt8(ascii: "t"): "u16",
        UInt8(ascii: "u"): "()", UInt8(ascii: "v"): "...", UInt8(ascii: "x"): "i64", UInt8(ascii: "y"): "u64",
        UInt8(ascii: "z"): "!",
    ]

    private mutating func type() throws {
        try enter()
        defer { depth -= 1 }
        let tag = try take()
        if let name = Self.basicTypes[tag] { return write(name) }
        switch tag {
        case UInt8(ascii: "A"), UInt8(ascii: "S"):
            write("[")
            try type()
            if tag == UInt8(ascii: "A") {
                write("; ")
                try constant()
            }
            write("]")
        case UInt8(ascii: "T"):
            write("(")
            let count = try list { try $0.type() }
            write(count == 1 ? ",)" : ")")
        case UInt8(ascii: "R"), UInt8(ascii: "Q"):
            write("&")
            if skip("L"), case let number = try base62(), number > 0 {
                try lifetime(number)
                write(" ")
            }
            if tag == UInt8(ascii: "Q") { write("mut ") }
            try type()
        case UInt8(ascii: "P"), UInt8(ascii: "O"):
            write(tag == UInt8(ascii: "P") ? "*const " : "*mut ")
            try type()
        case UInt8(ascii: "F"):
            try binder { try $0.function() }
        case UInt8(ascii: "D"):
            write("dyn ")
            try binder { _ = try $0.list(separator: " + ") { try $0.bound() } }
            guard skip("L") else { throw Malformed() }
            if case let number = try base62(), number > 0 {
                write(" + ")
                try lifetime(number)
            }
        case UInt8(ascii: "B"):
            try reference { try $0.type() }
        default:
            position -= 1
            try path(inValue: false)
        }
    }

    private mutating func function() throws {
        if skip("U") { write("unsafe ") }
        if skip("K") {
            let name = skip("C") ? Array("C".utf8) : try identifier()
            write("extern \"")
            write(name.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 })
            write("\" ")
        }
        write("fn(")
        try list { try $0.type() }
        write(")")
        if skip("u") { return }
        write(" -> ")
        try type()
    }

    /// A trait, with what it says of its associated types among its arguments.
    private mutating func bound() throws {
        var isOpen = try openPath()
        while skip("p") {
            write(isOpen ? ", " : "<")
            isOpen = true
            write(try identifier())
            write(" = ")
            try type()
        }
        if isOpen { write(">") }
    }

    /// A path of which the arguments, if it has any, are not closed yet.
    private mutating func openPath() throws -> Bool {
        try enter()
        defer { depth -= 1 }
        if skip("B") {
            var isOpen = false
            try reference { isOpen = try $0.openPath() }
            return isOpen
        }
        guard skip("I") else {
            try path(inValue: false)
            return false
        }
        try path(inValue: false)
        write("<")
        try list { try $0.genericArgument() }
        return true
    }

    private mutating func binder(_ body: (inout RustName) throws -> Void) throws {
        let outer = boundLifetimes
        defer { boundLifetimes = outer }
        if skip("G") {
            let count = try base62() &+ 1
            guard count < 1000 else { throw Malformed() }
            write("for<")
            for index in 0..<count {
                if index > 0 { write(", ") }
                boundLifetimes += 1
                try lifetime(1)
            }
            write("> ")
        }
        try body(&self)
    }

    /// Counted from the innermost binder; 0 for one without a name.
    private mutating func lifetime(_ number: UInt64) throws {
        guard number <= boundLifetimes else { throw Malformed() }
        let index = boundLifetimes - number
        if number == 0 {
            write("'_")
        } else if index < 26 {
            write([UInt8(ascii: "'"), UInt8(ascii: "a") + UInt8(index)])
        } else {
            write("'_\(index)")
        }
    }

    private mutating func constant() throws {
        try enter()
        defer { depth -= 1 }
        if skip("B") { return try reference { try $0.constant() } }
        if skip("p") { return write("_") }
        let type = try take()
        guard "abchijlmnostxy".utf8.contains(type) else { throw Malformed() }
        if skip("n") { write("-") }
        var digits: [UInt8] = []
        while case let digit = try take(), digit != UInt8(ascii: "_") { digits.append(digit) }
        guard digits.count <= 16, let value = UInt64("0" + String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            return write("0x" + String(decoding: digits, as: UTF8.self))
        }
        switch type {
        case UInt8(ascii: "b"): write(value == 0 ? "false" : "true")
        case UInt8(ascii: "c"):
            let character = UInt32(exactly: value).flatMap(UnicodeScalar.init).map(Character.init)
            write("'\(character ?? "?")'")
        default: write("\(value)")
        }
    }

    // MARK: Parts

    /// Elements up to an `E`.
    @discardableResult
    private mutating func list(
        separator: String = ", ", _ element: (inout RustName) throws -> Void
    ) throws -> Int {
        var count = 0
        while !skip("E") {
            if count > 0 { write(separator) }
            try element(&self)
            count += 1
        }
        return count
    }

    /// Reads again what stands at an earlier position.
    private mutating func reference(_ body: (inout RustName) throws -> Void) throws {
        let start = position - 1
        let target = try base62()
        guard target < UInt64(start) else { throw Malformed() }
        if isSilent { return }
        let rest = position
        position = Int(target)
        try body(&self)
        position = rest
    }

    private mutating func disambiguator() throws -> UInt64 {
        skip("s") ? try base62() &+ 1 : 0
    }

    private mutating func identifier() throws -> [UInt8] {
        let isPunycode = skip("u")
        var length = 0
        if !skip("0") {
            while position < symbol.count, case let digit = symbol[position] &- 0x30, digit < 10 {
                length = length * 10 + Int(digit)
                guard length <= symbol.count else { throw Malformed() }
                position += 1
            }
        }
        // It keeps the length apart from a name that begins with a digit.
        _ = skip("_")
        guard length <= symbol.count - position else { throw Malformed() }
        let name = Array(symbol[position..<position + length])
        position += length
        return isPunycode ? Punycode.decoded(name) : name
    }

    private mutating func base62() throws -> UInt64 {
        if skip("_") { return 0 }
        var value: UInt64 = 0
        while case let byte = try take(), byte != UInt8(ascii: "_") {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A") + 36
            default: throw Malformed()
            }
            value = value &* 62 &+ UInt64(digit)
        }
        return value &+ 1
    }

    private mutating func enter() throws {
        depth += 1
        steps += 1
        // Behind the limit the rest would not be shown.
        guard depth < Self.depthMax, steps < Self.stepsMax, output.count <= functionNameMax else {
            depth -= 1
            throw Malformed()
        }
    }

    private mutating func take() throws -> UInt8 {
        guard position < symbol.count else { throw Malformed() }
        position += 1
        return symbol[position - 1]
    }

    private mutating func skip(_ scalar: UnicodeScalar) -> Bool {
        guard position < symbol.count, symbol[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func write(_ text: String) { write(Array(text.utf8)) }

    private mutating func write(_ text: [UInt8]) {
        if !isSilent { output += text }
    }
}
