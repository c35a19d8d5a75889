// SPDX-License-Identifier: Apache-2.0

/// Longer names are cut: a short symbol may stand for one of megabytes, and nobody reads it.
let functionNameMax = 4096

/// The name of a function as reports show it: one word, demangled, without parameters.
///
/// What compilers put behind a name when they split or copy a function (`.cold`, `.part.0`, `.isra.0`,
/// `.constprop.0`) stays, on names of all languages: it is other code. The number of a link (`.llvm.123`),
/// which differs from build to build, does not.
public func functionName(ofSymbol symbol: String) -> String {
    let bytes = Array(symbol.utf8)
    let (mangled, suffix) = withoutSuffix(bytes[...])
    let name = demangledName(String(decoding: mangled, as: UTF8.self)).utf8
    return String(
        decoding: (name.isEmpty ? oneWord(mangled).utf8 : name).prefix(functionNameMax), as: UTF8.self)
        + oneWord(suffix.prefix(functionNameMax))
}

/// Empty for what is not mangled.
private func demangledName(_ symbol: String) -> String {
    let bytes = Array(symbol.utf8)
    if let name = RustName.demangled(bytes) ?? LegacyRustName.demangled(bytes) { return oneWord(name[...]) }
    guard let (text, language) = demangled(symbol) else { return "" }
    var signature = Signature(text)
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
    var word: [UInt8] = []
    for (index, byte) in zip(text.indices, text) {
        guard byte == UInt8(ascii: " ") else {
            word.append(byte)
            continue
        }
        let next = index + 1 < text.endIndex ? text[index + 1] : UInt8(ascii: " ")
        let isBesidePunctuation = ",<(".utf8.contains(word.last ?? next) || " >),".utf8.contains(next)
        if !isBesidePunctuation { word.append(UInt8(ascii: "_")) }
    }
    return word.isEmpty && !text.isEmpty ? "_" : String(decoding: word, as: UTF8.self)
}
