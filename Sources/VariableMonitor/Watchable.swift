// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

/// A type whose variables can be watched: `Int`, `UInt`, integers of 8, 16, 32 and 64 bits,
/// `Float` and `Double`.
///
/// A tick reads the variable in one access of its width, and compares it as its type does.
/// Other types cannot conform: only this library makes a `WatchFormat`.
public protocol Watchable: Comparable, BitwiseCopyable, Sendable {
    /// How the module reads a variable of this type.
    static var watchFormat: WatchFormat<Self> { get }
}

/// How the module reads a variable of a type: its length, its kind, and a value as 64 bits.
public struct WatchFormat<Value>: Sendable {
    /// Bytes: 1, 2, 4 or 8.
    let length: UInt8
    /// Of `vmon_watch_flags`: what kind of number it is.
    let flags: UInt8
    /// A value as the module has it: integers extended to 64 bits, of others their bits.
    let encode: @Sendable (Value) -> UInt64

    init() where Value: FixedWidthInteger & SendableMetatype {
        length = UInt8(Value.bitWidth / 8)
        flags = Value.isSigned ? 0 : UInt8(VMON_WATCH_UNSIGNED.rawValue)
        encode = { UInt64(truncatingIfNeeded: $0) }
    }

    init() where Value == Float {
        length = 4
        flags = UInt8(VMON_WATCH_FLOAT.rawValue)
        encode = { UInt64($0.bitPattern) }
    }

    init() where Value == Double {
        length = 8
        flags = UInt8(VMON_WATCH_FLOAT.rawValue)
        encode = { $0.bitPattern }
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
extension Float: Watchable { public static var watchFormat: WatchFormat<Float> { .init() } }
extension Double: Watchable { public static var watchFormat: WatchFormat<Double> { .init() } }
