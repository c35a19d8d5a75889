// SPDX-License-Identifier: Apache-2.0

/// An integer type whose variables can be watched: `Int`, `UInt`, and those of 8, 16, 32 and 64 bits.
///
/// A tick reads the variable in one access of its width, and compares it as signed or
/// unsigned, as its type says. Other types cannot conform: only this library makes a
/// `WatchFormat`.
public protocol Watchable: FixedWidthInteger, BitwiseCopyable, Sendable {
    /// How the module reads a variable of this type.
    static var watchFormat: WatchFormat<Self> { get }
}

/// How the module reads a variable of a type: its length and signedness.
public struct WatchFormat<Value>: Sendable {
    /// Bytes: 1, 2, 4 or 8.
    let length: UInt8
    let isSigned: Bool

    init() where Value: FixedWidthInteger {
        length = UInt8(Value.bitWidth / 8)
        isSigned = Value.isSigned
    }
}

extension Int8: Watchable { public static var watchFormat: WatchFormat<Int8> { .init() } }
extension Int16: Watchable { public static var watchFormat: WatchFormat<Int16> { .init() } }
extension Int32: Watchable { public static var watchFormat: WatchFormat<Int32> { .init() } }
extension Int64: Watchable { public static var watchFormat: WatchFormat<Int64> { .init() } }
extension Int: Watchable { public static var watchFormat: WatchFormat<Int> { .init() } }
extension UInt8: Watchable { public static var watchFormat: WatchFormat<UInt8> { .init() } }
extension UInt16: Watchable { public static var watchFormat: WatchFormat<UInt16> { .init() } }
extension UInt32: Watchable { public static var watchFormat: WatchFormat<UInt32> { .init() } }
extension UInt64: Watchable { public static var watchFormat: WatchFormat<UInt64> { .init() } }
extension UInt: Watchable { public static var watchFormat: WatchFormat<UInt> { .init() } }
