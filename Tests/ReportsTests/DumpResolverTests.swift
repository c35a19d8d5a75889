// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import RecordWriting
import Symbolisation
import Testing

@testable import Reports

@Suite struct DumpResolverTests {
    private let symbols = KernelSymbols(
        kallsyms: Array(
            "ffffffff81000000 T first\nffffffff81000100 T second\nffffffff81000200 D data\n".utf8),
        modules: [])

    private func resolve(_ flags: [vmon_task_flags], kernelFrames: [UInt64]) throws -> ResolvedTask {
        var task = vmon_task()
        task.flags = flags.reduce(0) { $0 | $1.rawValue }
        task.registers.rip = 0x1000
        var writer = RecordWriter()
        writer.task(task, kernelFrames: kernelFrames)
        var recording = Recording()
        recording.append(writer.bytes)
        var resolved: [ResolvedTask] = []
        let symbols = symbols
        DumpResolver(kernelSymbols: { symbols }).forEachTask(of: try #require(recording.dumps.first)) {
            resolved.append($0)
        }
        return try #require(resolved.first)
    }

    /// A return address may be the first byte behind a function that ends in a call.
    @Test func returnAddressesBelongToTheCaller() throws {
        let frames = try resolve([], kernelFrames: [0xffff_ffff_8100_0100, 0xffff_ffff_8100_0200, 0x10])
            .kernelFrames
        #expect(frames.map(\.name) == ["first", "second", nil])
        #expect(frames.map(\.address) == [0xffff_ffff_8100_0100, 0xffff_ffff_8100_0200, 0x10])
    }

    /// What an interrupt stopped is no return address.
    @Test func anInterruptedFunctionIsLookedUpAsItIs() throws {
        let frames = try resolve(
            [VMON_TASK_ON_CPU], kernelFrames: [0xffff_ffff_8100_0100, 0xffff_ffff_8100_0100]
        )
        .kernelFrames
        #expect(frames.map(\.name) == ["second", "first"])
    }

    @Test func userFramesOnlyWhereThereAreRegisters() throws {
        #expect(try resolve([], kernelFrames: []).userFrames == nil)
        #expect(
            try resolve([VMON_TASK_REGISTERS, VMON_TASK_KERNEL_THREAD], kernelFrames: []).userFrames == nil)
        let frames = try resolve([VMON_TASK_REGISTERS], kernelFrames: []).userFrames
        #expect(frames?.map(\.address) == [0x1000] && frames?.first?.name == nil)
    }

    @Test func tasksAreNumberedFromOne() throws {
        #expect(try resolve([], kernelFrames: []).number == 1)
    }
}
