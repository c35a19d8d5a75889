// SPDX-License-Identifier: Apache-2.0

/// The name of a function as reports show it: one word, demangled, without parameters.
public func functionName(ofSymbol symbol: String) -> String {
    guard let (text, language) = demangled(symbol) else { return oneWord(Array(symbol.utf8)[...]) }
    var signature = Signature(text)
    let name =
        switch language {
        case .cxx: signature.cxxName()
        case .swift: signature.swiftName()
        }
    return name.isEmpty ? oneWord(Array(symbol.utf8)[...]) : name
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
