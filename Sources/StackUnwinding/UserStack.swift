// SPDX-License-Identifier: Apache-2.0

/// The frames of a user stack, and why there are no more of them.
public struct UserStack: Equatable, Sendable {
    /// Leaf first.
    public var frames: [Frame]
    public var end: End

    public enum End: Equatable, Sendable {
        /// The outermost function was reached.
        case complete
        /// The stack goes on beyond the bytes that were copied.
        case truncated
        /// The memory that holds the next frame was not copied, or makes no sense.
        case unreadable
        /// The next function ran on another stack than the signal handler that stopped it, and only
        /// the handler's was copied.
        case otherStack
        /// Nothing tells how the function at the last frame is unwound.
        case noRules
        /// There are more frames than ``StackUnwinder/framesMax``.
        case tooDeep
        /// Code of 32 bits, which is not unwound.
        case is32Bit
    }

    public init(frames: [Frame], end: End) {
        self.frames = frames
        self.end = end
    }
}
