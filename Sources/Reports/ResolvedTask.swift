// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
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
    /// What the task is a sample of; nil for tasks of dumps.
    public var event: SampledEvent?

    public init(
        number: Int, task: CapturedTask, userFrames: [NamedFrame]?, userEnd: UserStack.End? = nil,
        kernelFrames: [NamedFrame], chain: [CapturedProcess], event: SampledEvent? = nil
    ) {
        self.number = number
        self.task = task
        self.userFrames = userFrames
        self.userEnd = userEnd
        self.kernelFrames = kernelFrames
        self.chain = chain
        self.event = event
    }
}
