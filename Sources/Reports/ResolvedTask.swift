// SPDX-License-Identifier: Apache-2.0
import DumpRecords
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
    public var sample: ProfileSample?

    public init(
        number: Int, task: CapturedTask, userFrames: [NamedFrame]?, userEnd: UserStack.End? = nil,
        kernelFrames: [NamedFrame], chain: [CapturedProcess], sample: ProfileSample? = nil
    ) {
        self.number = number
        self.task = task
        self.userFrames = userFrames
        self.userEnd = userEnd
        self.kernelFrames = kernelFrames
        self.chain = chain
        self.sample = sample
    }
}

/// Where a sample of a profile came from.
public struct ProfileSample: Sendable {
    /// The event as perf names it: `cycles`, `cpu-clock` …
    public var event: String
    /// How much of the event the sample stands for.
    public var period: UInt64

    public init(event: String, period: UInt64) {
        self.event = event
        self.period = period
    }
}
