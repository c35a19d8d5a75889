// SPDX-License-Identifier: Apache-2.0
import StackUnwinding
import Symbolisation
import Testing

/// Compares the name of each frame with gdb's, and where its function begins.
///
/// - Returns: how many names gdb shows as Swift mangled them, which are compared when they are demangled.
func expectNames(of frames: [Frame], in image: ProcessImage, like debugger: [Debugger.Frame]) -> Int {
    var mangled = 0
    for (depth, (frame, expected)) in zip(frames, debugger).enumerated() {
        let location = image.location(of: frame.lookupAddress)
        let start = location.symbol.map { frame.lookupAddress &- (location.address &- $0.start) }
        #expect(start == expected.symbol?.start, "frame \(depth), which is \(expected)")
        guard let name = location.symbol?.name, let symbol = expected.symbol?.name else { continue }
        if symbol.hasPrefix("$s") {
            #expect(name == functionName(ofSymbol: symbol))
            mangled += 1
        } else {
            let others = [expected.name ?? symbol, symbol].map(asReported)
            let all = others + others.compactMap { otherNames[$0] }
            #expect(all.contains(name), "frame \(depth), which is \(expected)")
        }
    }
    return mangled
}

/// Names of one address in the C library. Which of them gdb takes depends on whether the library is linked
/// statically, and whether its symbols for debugging are installed.
private let otherNames = [
    "pause": "__libc_pause", "__libc_pause": "pause", "__libc_start_main_impl": "__libc_start_main",
]

/// Without parameters, the number of a Rust function's version, and blanks.
private func asReported(_ name: String) -> String {
    var name = name
    var part = ""
    if let clone = name.firstMatch(of: /\ \[clone (\..*)\]$/) {
        part = String(clone.1)
        name.removeSubrange(clone.range)
    }
    name.replace(/::h[0-9a-f]{16}$/, with: "")
    name.replace(/\([^()]*\)$/, with: "")
    return name.replacing(" ", with: "_") + part
}
