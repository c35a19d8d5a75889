// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a symbol stands for in its language, with types and parameters; nil if it is not mangled,
/// or longer than any compiler makes them.
///
/// The demanglers are those of the C++ and the Swift run-time library. Neither has a Swift
/// interface, so this file, which is all that calls them, declares them itself. Both take a
/// C string and return one that the caller must free, or none.
func demangled(_ symbol: [UInt8]) -> (text: [UInt8], language: MangledLanguage)? {
    guard symbol.count <= 4096, let language = MangledLanguage(symbol) else { return nil }
    let text = unsafe (symbol + [0]).withUnsafeBytes { bytes in
        let symbol = unsafe bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        return switch language {
        case .cxx: unsafe demangleCxx(symbol, nil, nil, nil)
        case .swift: unsafe demangleSwift(symbol, UInt(bytes.count - 1), nil, nil, 0)
        }
    }
    guard let text = unsafe text else { return nil }
    defer { unsafe free(text) }
    // More than a signature needs of which a name is shown.
    let count = unsafe strnlen(text, demangledMax)
    return (unsafe Array(UnsafeRawBufferPointer(start: text, count: count)), language)
}

private let demangledMax = 1 << 16

enum MangledLanguage {
    case cxx
    case swift

    /// By the first letters of a symbol; nil if it is not mangled.
    init?(_ symbol: some Sequence<UInt8>) {
        func begins(_ prefix: String) -> Bool { symbol.starts(with: prefix.utf8) }
        if begins("_Z") || begins("___Z") {
            self = .cxx
        } else if begins("$s") || begins("$S") || begins("$e") || begins("_T0") {
            self = .swift
        } else {
            return nil
        }
    }
}

@_silgen_name("__cxa_demangle")
private func demangleCxx(
    _ symbol: UnsafePointer<CChar>, _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: UnsafeMutablePointer<UInt>?, _ status: UnsafeMutablePointer<CInt>?
) -> UnsafeMutablePointer<CChar>?

@_silgen_name("swift_demangle")
private func demangleSwift(
    _ symbol: UnsafePointer<CChar>, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: UnsafeMutablePointer<UInt>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
