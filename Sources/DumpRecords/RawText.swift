// SPDX-License-Identifier: Apache-2.0

/// Text as the kernel gave it: any bytes, not necessarily UTF-8, in no way made safe to print.
public struct RawText: Hashable, Sendable {
    public let bytes: ArraySlice<UInt8>

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    public init(_ string: String) {
        bytes = Array(string.utf8)[...]
    }

    /// The text in a C `char` array, up to its first NUL.
    init<Characters: BitwiseCopyable>(fixed array: Characters) {
        bytes = DumpRecords.bytes(ofFixed: array).prefix { $0 != 0 }
    }

    public var isEmpty: Bool { bytes.isEmpty }

    /// The text with U+FFFD in place of what is not UTF-8.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
}
