// SPDX-License-Identifier: Apache-2.0

/// A watch that was started.
public struct Watch: Hashable, Sendable {
    /// The watch's number, the same as in records. Never reused while the module is loaded.
    public let id: UInt64
}
