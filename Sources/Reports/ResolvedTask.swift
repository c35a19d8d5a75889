// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A task with names in place of addresses: all that a report says about it.
public struct ResolvedTask: Sendable {
    /// Position in the dump, from 1.
    public var number: Int
    public var task: CapturedTask
    /// Leaf first; nil if the task has no user side, or none that could be read.
    public var userFrames: [NamedFrame]?
    /// Leaf first.
    public var kernelFrames: [NamedFrame]
    /// The process itself, then its parent, and so on.
    public var chain: [CapturedProcess]
}

/// One frame of a stack.
public struct NamedFrame: Equatable, Sendable {
    public var address: UInt64
    /// The function: one word, demangled, without parameters; nil if nothing tells.
    public var name: String?

    public init(address: UInt64, name: String?) {
        self.address = address
        self.name = name
    }
}
