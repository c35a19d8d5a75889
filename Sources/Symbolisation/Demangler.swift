// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a symbol stands for in its language, with types and parameters; nil if it is not mangled,
/// or longer than any compiler makes them.
///
/// The demanglers are those of the C++ and the Swift run-time library. Neither has a Swift
/// interface, so this file, which is all that calls them, declares them itself. Both take a
/// C string and return one that the caller must free, or none.
func demangled(_ symbol: String) -> (text: String, language: MangledLanguage)? {
    guard symbol.utf8.count <= 4096, let language = MangledLanguage(symbol) else { return nil }
    let text =
        switch language {
        case .cxx: unsafe demangleCxx(symbol, nil, nil, nil)
        case .swift: unsafe demangleSwift(symbol, UInt(symbol.utf8.count), nil, nil, 0)
        }
    guard let text = unsafe text else { return nil }
    defer { unsafe free(text) }
    // More than a signature needs of which a name is shown.
    let count = unsafe strnlen(text, demangledMax)
    return (
        unsafe String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self), language
    )
}

private let demangledMax = 1 << 16

enum MangledLanguage {
    case cxx
    case swift

    /// By the first letters of a symbol; nil if it is not mangled.
    init?(_ symbol: String) {
        if symbol.hasPrefix("_Z") || symbol.hasPrefix("___Z") {
            self = .cxx
        } else if ["$s", "$S", "$e", "_T0"].contains(where: symbol.hasPrefix) {
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
