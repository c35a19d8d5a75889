// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import RecordWriting
import Symbolisation
import Testing

@testable import StackUnwinding

/// A program decides what is in its stack and registers: unwinding must end, whatever that is.
@Suite struct HostileStackTests {
    private func dump(_ bytes: [UInt8]) throws -> Dump {
        var recording = Recording()
        recording.append(bytes)
        return try #require(recording.dumps.first)
    }

    private func unwound(_ task: vmon_task, stack: [UInt64]) throws -> UserStack {
        var task = task
        task.flags |= VMON_TASK_REGISTERS.rawValue
        var writer = RecordWriter()
        writer.task(task, stack: stack.flatMap(bytesOf))
        let image = ProcessImage(nil, files: ElfFileCache())
        return StackUnwinder(image: image).stack(of: try dump(writer.bytes).tasks[0])!
    }

    private func task(_ change: (inout vmon_task) -> Void) -> vmon_task {
        var task = vmon_task()
        task.stack_start = 0x7000_0000_0000
        task.registers.rsp = task.stack_start
        task.registers.rip = 0x1234
        change(&task)
        return task
    }

    @Test func framePointersAreFollowed() throws {
        let start: UInt64 = 0x7000_0000_0000
        let stack = try unwound(
            task { $0.registers.rbp = start + 8 },
            stack: [0, start + 24, 0x5000, start + 40, 0x6000, 0, 0x7000])
        #expect(stack.frames.map(\.address) == [0x1234, 0x5000, 0x6000, 0x7000])
        #expect(stack.frames.map(\.lookupAddress) == [0x1234, 0x4fff, 0x5fff, 0x6fff])
        #expect(stack.end == .complete)
    }

    @Test func framePointersThatGoRoundInCirclesEnd() throws {
        let start: UInt64 = 0x7000_0000_0000
        let stack = try unwound(task { $0.registers.rbp = start }, stack: [start, 0x5000, start, 0x6000])
        #expect(stack.frames.map(\.address) == [0x1234, 0x5000])
        #expect(stack.end == .noRules)
    }

    @Test func thereAreNeverTooManyFrames() throws {
        let start: UInt64 = 0x7000_0000_0000
        let stack = (0..<4000).flatMap { [start + UInt64($0 + 1) * 16, 0x5000 + UInt64($0)] }
        let unwound = try unwound(task { $0.registers.rbp = start }, stack: stack)
        #expect(unwound.frames.count == StackUnwinder.framesMax)
        #expect(unwound.end == .tooDeep)
    }

    /// Whether a frame pointer leads beyond the copy, into memory that is not there, or nowhere.
    @Test func whyFramePointersEnd() throws {
        let start: UInt64 = 0x7000_0000_0000
        func end(_ pointer: UInt64, _ flags: vmon_task_flags) throws -> UserStack.End {
            let task = task {
                $0.registers.rbp = pointer
                $0.flags = flags.rawValue
            }
            return try unwound(task, stack: [1, 2, 3, 4]).end
        }
        #expect(try end(start + 32, VMON_TASK_USER_TRUNCATED) == .truncated)
        #expect(try end(start + 24, VMON_TASK_USER_TRUNCATED) == .truncated)
        #expect(try end(start + 1 << 20, VMON_TASK_USER_TRUNCATED) == .truncated)
        #expect(try end(start + 1 << 20, VMON_TASK_HIT) == .noRules)
        #expect(try end(start - 8, VMON_TASK_USER_TRUNCATED) == .noRules)
        #expect(try end(0, VMON_TASK_HIT) == .noRules)
    }

    @Test func withoutRegistersThereAreNoFrames() throws {
        var writer = RecordWriter()
        writer.task(task { _ in }, stack: [])
        let task = try dump(writer.bytes).tasks[0]
        #expect(StackUnwinder(image: ProcessImage(nil, files: ElfFileCache())).stack(of: task) == nil)
    }

    @Test func thirtyTwoBitTasksHaveOnlyTheirLeaf() throws {
        let start: UInt64 = 0x7000_0000_0000
        let task = task {
            $0.flags = VMON_TASK_32BIT.rawValue
            $0.registers.rbp = start
        }
        let stack = try unwound(task, stack: [start + 16, 0x5000])
        #expect(stack.frames.map(\.address) == [0x1234])
        #expect(stack.end == .is32Bit)
    }

    /// Words of a real stack exchanged for others like them. The same in every run.
    @Test func randomStacksOfARealProgram() throws {
        let child = try SampleProgram.c(SampleProgram.recursion, []).start()
        let original = try dump(LiveCapture(pid: child.pid).records())
        let space = try #require(original.addressSpaces[1])
        let task = original.tasks[0]
        let registers = try #require(task.registers)
        let words = stride(from: task.stack.start, to: task.stack.start + 2048, by: 8).compactMap(
            task.stack.word)
        let unwinder = StackUnwinder(image: ProcessImage(space, files: ElfFileCache()))
        let code = unwinder.stack(of: task)!.frames.map(\.address)
        #expect(code.count > 40)

        var state: UInt64 = 20_240_229
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        func randomWord() -> UInt64 {
            switch random(below: 4) {
            case 0: code[random(below: code.count)] &+ UInt64(random(below: 64)) &- 32
            case 1: registers.rsp &+ UInt64(random(below: 2200)) &- 64
            case 2:
                space.mappings[random(below: space.mappings.count)].addresses.lowerBound
                    &+ UInt64(random(below: 1 << 16))
            default: UInt64(random(below: .max))
            }
        }
        for round in 0..<300 {
            var changed = vmon_task()
            changed.flags = VMON_TASK_REGISTERS.rawValue
            changed.stack_start = task.stack.start
            changed.stack_missing = round % 3 == 0 ? UInt32(random(below: 4)) : 0
            changed.registers.rip = round % 2 == 0 ? registers.rip : randomWord()
            changed.registers.rsp = round % 5 == 0 ? randomWord() : registers.rsp
            changed.registers.rbp = randomWord()
            var stack = words
            for _ in 0...random(below: 40) { stack[random(below: stack.count)] = randomWord() }
            var writer = RecordWriter()
            writer.task(changed, stack: stack.flatMap(bytesOf))
            #expect(
                unwinder.stack(of: try dump(writer.bytes).tasks[0])!.frames.count <= StackUnwinder.framesMax)
        }
    }

    /// A page that could not be read is zeros in the copy: a walk through it would go on with lies.
    @Test func aHoleEndsTheWalk() throws {
        let start: UInt64 = 0x7000_0000_0ff0
        let stack: [UInt64] = [0x7000_0000_1000, 0x5000, 0x7000_0000_1010, 0x6000, 0, 0x7000]
        func unwound(missing: UInt32) throws -> UserStack {
            let task = task {
                $0.stack_start = start
                $0.stack_missing = missing
                $0.registers.rsp = start
                $0.registers.rbp = start
            }
            return try self.unwound(task, stack: stack)
        }
        #expect(try unwound(missing: 0).frames.map(\.address) == [0x1234, 0x5000, 0x6000, 0x7000])
        #expect(try unwound(missing: 0b10).frames.map(\.address) == [0x1234, 0x5000])
        #expect(try unwound(missing: 0b10).end == .unreadable)
    }
}
