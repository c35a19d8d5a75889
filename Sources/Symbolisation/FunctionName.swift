// SPDX-License-Identifier: Apache-2.0

/// Longer names are cut: a short symbol may stand for one of megabytes, and nobody reads it.
let functionNameMax = 4096

/// The name of a function as reports show it: one word, demangled, without parameters.
///
/// What compilers put behind a name when they split or copy a function (`.cold`, `.part.0`, `.isra.0`,
/// `.constprop.0`) stays, on names of all languages: it is other code. The number of a link (`.llvm.123`),
/// which differs from build to build, does not.
public func functionName(ofSymbol symbol: String) -> String {
    functionName(ofSymbol: Array(symbol.utf8))
}

func functionName(ofSymbol symbol: [UInt8]) -> String {
    let (mangled, suffix) = withoutSuffix(symbol[...])
    var name = demangledName(Array(mangled))
    if name.isEmpty { name = oneWord(mangled) }
    if name.utf8.count > functionNameMax {
        name = String(decoding: name.utf8.prefix(functionNameMax), as: UTF8.self)
    }
    return suffix.isEmpty ? name : name + oneWord(suffix.prefix(functionNameMax))
}

/// Empty for what is not mangled.
private func demangledName(_ symbol: [UInt8]) -> String {
    if let name = RustName.demangled(symbol) ?? LegacyRustName.demangled(symbol) { return oneWord(name[...]) }
    guard let (text, language) = demangled(symbol) else { return "" }
    var signature = Signature(text[...])
    return switch language {
    case .cxx: signature.cxxName()
    case .swift: signature.swiftName()
    }
}

/// A symbol, and what a compiler put behind it, as far as reports show it.
private func withoutSuffix(_ symbol: ArraySlice<UInt8>) -> (
    symbol: ArraySlice<UInt8>, suffix: ArraySlice<UInt8>
) {
    // Names may begin with a dot.
    guard let dot = symbol.dropFirst().firstIndex(of: UInt8(ascii: ".")) else { return (symbol, []) }
    let suffix = symbol[dot...]
    let isKnown = [".cold", ".part.", ".isra.", ".constprop.", ".lto_priv.", ".llvm.", ".localalias"].contains
    {
        suffix.starts(with: $0.utf8)
    }
    guard isKnown else { return (symbol, []) }
    let link = suffix.indices.first { suffix[$0...].starts(with: ".llvm.".utf8) }
    return (symbol[..<dot], suffix[..<(link ?? suffix.endIndex)])
}

/// Text without blanks: left out next to punctuation, underscores between words. Only blanks are one underscore.
func oneWord(_ text: ArraySlice<UInt8>) -> String {
    let blank = UInt8(ascii: " ")
    guard text.contains(blank) else { return String(decoding: text, as: UTF8.self) }
    var word: [UInt8] = []
    word.reserveCapacity(text.count)
    for index in text.indices {
        let byte = text[index]
        guard byte == blank else {
            word.append(byte)
            continue
        }
        let next = index + 1 < text.endIndex ? text[index + 1] : blank
        let isBesidePunctuation = ",<(".utf8.contains(word.last ?? next) || " >),".utf8.contains(next)
        if !isBesidePunctuation { word.append(UInt8(ascii: "_")) }
    }
    return word.isEmpty ? "_" : String(decoding: word, as: UTF8.self)
}
