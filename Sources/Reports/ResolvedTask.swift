// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import SourceLines
import StackUnwinding
import Symbolisation

/// A task with names in place of addresses: all that a report says about it.
public struct ResolvedTask: Sendable {
    /// Position in the dump, from 1.
    public var number: Int
    public var task: CapturedTask
    /// Leaf first; nil if the task has no user side, or none that could be read.
    public var userFrames: [NamedFrame]?
    /// Why the user frames end where they do; nil without any.
    public var userEnd: UserStack.End?
    /// Leaf first.
    public var kernelFrames: [NamedFrame]
    /// The process itself, then its parent, and so on.
    public var chain: [CapturedProcess]
}

/// One frame of a stack.
public struct NamedFrame: Sendable {
    public var address: UInt64
    /// Where the function is that the frame belongs to: of a caller, the byte before the address.
    public var location: CodeLocation

    /// Lines of source code, those of inlined functions first; empty if nobody asked, or nothing tells.
    public var sourceFrames: [SourceFrame]

    public init(address: UInt64, location: CodeLocation, sourceFrames: [SourceFrame] = []) {
        self.address = address
        self.location = location
        self.sourceFrames = sourceFrames
    }

    /// The function: one word, demangled, without parameters; nil if nothing tells.
    public var name: String? { location.symbol?.name }

    /// A frame that is only known by its function's name.
    init(address: UInt64, name: String?) {
        self.address = address
        location = CodeLocation(
            symbol: name.map { Symbol(name: $0, start: address) }, address: address)
        sourceFrames = []
    }
}
