// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData

/// A renderer that has a form for many tasks with the same frames.
protocol MergingRenderer: ReportRenderer {
    mutating func write(_ stack: MergedStack, to output: inout ReportBuffer)
}

/// Merges the tasks of another report: those with the same frames are written once, at the end,
/// those that are most first.
///
/// The same frames are the same functions; names of tasks and states may differ.
struct TopReport<Base: MergingRenderer>: ReportRenderer {
    private var base: Base
    private var names = FrameNames()
    private var tree = StackTree()
    private var stacks: [MergedStack] = []
    /// Index in `stacks`, by the node where the stack ends.
    private var indexOfNode: [Int: Int] = [:]

    init(_ base: Base) {
        self.base = base
    }

    mutating func begin(_ file: RecordingFile, to output: inout ReportBuffer) {
        base.begin(file, to: &output)
    }

    mutating func begin(_ profile: PerfDataFile, to output: inout ReportBuffer) {
        base.begin(profile, to: &output)
    }

    mutating func begin(_ space: () -> AddressSpace, to output: inout ReportBuffer) {
        base.begin(space, to: &output)
    }

    mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {
        base.begin(dump, to: &output)
    }

    mutating func write(_ task: ResolvedTask, to output: inout ReportBuffer) {
        let node = tree.add(names.stack(of: task))
        let member = MergedStack.Member(task)
        if let index = indexOfNode[node] {
            stacks[index].members.append(member)
        } else {
            indexOfNode[node] = stacks.count
            stacks.append(MergedStack(example: task, members: [member]))
        }
    }

    mutating func end(_ dump: Dump, to output: inout ReportBuffer) {
        base.end(dump, to: &output)
    }

    mutating func end(_ profile: PerfDataFile, to output: inout ReportBuffer) {
        base.end(profile, to: &output)
    }

    mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer) {
        base.writeNotices(of: recording, to: &output)
    }

    mutating func finish(to output: inout ReportBuffer) {
        // Those with the same count stay in the order in which they came.
        let order = stacks.indices.sorted { (stacks[$1].count, $0) < (stacks[$0].count, $1) }
        for index in order {
            base.write(stacks[index], to: &output)
        }
        base.finish(to: &output)
    }
}

extension MergedStack.Member {
    init(_ resolved: ResolvedTask) {
        let task = resolved.task
        self.init(
            dumpID: task.header.dumpID, number: resolved.number, pid: task.pid, tgid: task.tgid,
            comm: task.comm, state: task.state)
    }
}
