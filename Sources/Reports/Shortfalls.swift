// SPDX-License-Identifier: Apache-2.0

/// What could not be found out about tasks, in numbers: the default report has no lines for it, and
/// a report that keeps silent about it would look complete.
public struct Shortfalls: Sendable {
    private var truncated = 0
    private var unreadable = 0
    private var onOtherStacks = 0
    private var withoutRules = 0
    private var tooDeep = 0
    private var of32Bit = 0
    private var kernelTruncated = 0
    private var unnamed = 0
    private var changedFiles: Set<[UInt8]> = []

    public init() {}

    public mutating func count(_ resolved: ResolvedTask) {
        switch resolved.userEnd {
        case nil, .complete: break
        case .truncated: truncated += 1
        case .unreadable: unreadable += 1
        case .otherStack: onOtherStacks += 1
        case .noRules: withoutRules += 1
        case .tooDeep: tooDeep += 1
        case .is32Bit: of32Bit += 1
        }
        if resolved.task.flags.contains(.kernelTruncated) { kernelTruncated += 1 }
        for frame in resolved.userFrames ?? [] {
            if frame.location.symbol == nil { unnamed += 1 }
            if let file = frame.location.file, file.state == .changed { changedFiles.insert(file.path) }
        }
        unnamed += resolved.kernelFrames.count { $0.location.symbol == nil }
    }

    /// `3 stacks longer than their copies, 14 frames without a name`; nil if nothing is missing.
    public var summary: String? {
        let parts = [
            (truncated, "stack longer than its copy", "stacks longer than their copies"),
            (unreadable, "stack with memory that was not copied", "stacks with memory that was not copied"),
            (onOtherStacks, "stack that goes on on another one", "stacks that go on on other ones"),
            (
                withoutRules, "stack that ends at a function without unwind rules",
                "stacks that end at functions without unwind rules"
            ),
            (tooDeep, "stack with too many frames", "stacks with too many frames"),
            (of32Bit, "stack of 32-bit code not unwound", "stacks of 32-bit code not unwound"),
            (
                kernelTruncated, "kernel stack with more frames than were recorded",
                "kernel stacks with more frames than were recorded"
            ),
            (unnamed, "frame without a name", "frames without a name"),
            (changedFiles.count, "file changed since", "files changed since"),
        ]
        let text = parts.filter { $0.0 > 0 }.map { "\($0) \($0 == 1 ? $1 : $2)" }.joined(separator: ", ")
        return text.isEmpty ? nil : text
    }
}
