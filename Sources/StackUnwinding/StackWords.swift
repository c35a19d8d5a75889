// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A stack copy as words, for as long as it is walked.
///
/// This file and `UnwindSpace.swift` hold the target's unsafe code. The pointer is to the copy's bytes; it
/// is valid within ``with(_:isTruncated:_:)``, which is where such values live. Every access is checked
/// against the bounds. It is here, and not in `StackCopy`, because several words a frame are read, a hundred
/// thousand frames a dump, and a slice of an array counts references each time.
@safe struct StackWords {
    /// Address of the first byte.
    let start: UInt64
    /// The first address behind the copy.
    let end: UInt64
    /// The task's stack is longer than the copy.
    let isTruncated: Bool
    /// How many addresses from the start on have a whole word.
    private let wordCount: UInt64
    private let missingPages: UInt32
    private let bytes: UnsafeRawPointer?

    private static let pageShift: UInt64 = 12

    static func with<Result>(_ stack: StackCopy, isTruncated: Bool, _ body: (StackWords) -> Result) -> Result
    {
        unsafe stack.bytes.withUnsafeBytes { bytes in
            unsafe body(StackWords(stack, bytes, isTruncated: isTruncated))
        }
    }

    private init(_ stack: StackCopy, _ bytes: UnsafeRawBufferPointer, isTruncated: Bool) {
        start = stack.start
        end = stack.start &+ UInt64(bytes.count)
        self.isTruncated = isTruncated
        wordCount = UInt64(max(bytes.count - 7, 0))
        missingPages = stack.missingPages
        unsafe self.bytes = bytes.baseAddress
    }

    /// The 8 bytes at an address; nil if one of them lies outside of the copy or in a hole.
    @inline(__always)
    func word(at address: UInt64) -> UInt64? {
        let offset = address &- start
        guard offset < wordCount, let bytes = unsafe bytes else { return nil }
        if missingPages != 0, !(isPresent(address) && isPresent(address &+ 7)) { return nil }
        return unsafe bytes.loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: offset), as: UInt64.self)
    }

    /// Whether an address is one of the copy, be it in a hole.
    func contains(_ address: UInt64) -> Bool { address >= start && address < end }

    private func isPresent(_ address: UInt64) -> Bool {
        let page = (address >> Self.pageShift) &- (start >> Self.pageShift)
        return page >= 32 || missingPages & (1 << UInt32(page)) == 0
    }

    /// Why a walk ends that needs a word which is not there.
    func end(without address: UInt64) -> UserStack.End {
        // So far behind its end, no frame of a stack goes on.
        let reach: UInt64 = isTruncated ? 64 << 20 : 4096
        guard address >= start, address &- start >= wordCount else { return .unreadable }
        return address < end || address &- end < reach ? .truncated : .unreadable
    }
}
