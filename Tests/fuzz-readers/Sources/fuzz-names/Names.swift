// SPDX-License-Identifier: Apache-2.0
import FuzzInput
import Symbolisation

/// Names of symbols, as C++, Swift and Rust mangle them: demangled, and shortened to the function's name.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        // A symbol table's names end at a NUL.
        let symbol = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        let name = functionName(ofSymbol: symbol)
        require(symbol.isEmpty || !name.isEmpty, "no name for '\(symbol)'")
        require(!name.utf8.contains(UInt8(ascii: " ")), "'\(symbol)' has more than one word: '\(name)'")
    }
}
