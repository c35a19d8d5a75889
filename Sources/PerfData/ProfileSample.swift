// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A task at the moment of an event, as `perf record --call-graph dwarf` captures it.
public struct ProfileSample: Sendable {
    public let task: CapturedTask
    public let event: SampledEvent
}

/// What a sample stands for.
public struct SampledEvent: Equatable, Sendable {
    /// As perf calls it, such as `context-switches` or `cpu-clock`.
    public let name: String
    /// How many events there were since the sample before.
    public let period: UInt64

    public init(name: String, period: UInt64) {
        self.name = name
        self.period = period
    }
}
