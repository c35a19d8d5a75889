// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import PerfData
import RecordWriting
import Reports
import SourceLines
import StackUnwinding
import Symbolisation

/// A recording, and the frames of its tasks, which are made up as well.
struct Sample {
    struct Stacks {
        var user: [NamedFrame]?
        var end: UserStack.End?
        var kernel: [NamedFrame] = []
        var event: SampledEvent?
    }

    private(set) var writer = RecordWriter()
    /// Of all tasks, in their order.
    private var stacks: [Stacks] = []

    /// Adds what is not a task.
    mutating func add(_ write: (inout RecordWriter) -> Void) {
        write(&writer)
    }

    mutating func task(
        pid: UInt32, tgid: UInt32, comm: [UInt8], state: String, flags: UInt32 = 0, cgroup: String = "/",
        addressSpace: UInt64 = 0, stack: [UInt8] = [], _ stacks: Stacks
    ) {
        var task = vmon_task()
        (task.pid, task.tgid) = (pid, tgid)
        task.start_time_ns = 1_000_000_007
        task.comm = fixed(comm)
        task.flags = flags | (stacks.user == nil ? 0 : VMON_TASK_REGISTERS.rawValue)
        task.state = state.utf8.first ?? 0
        task.address_space = addressSpace
        task.wait_channel = stacks.kernel.first?.address ?? 0
        task.registers.rip = stacks.user?.first?.address ?? 0
        task.registers.rsp = 0x7ffc_d582_2298
        (task.registers.eflags, task.registers.cs, task.registers.ss) = (0x246, 0x33, 0x2b)
        task.registers.orig_rax = 230
        task.stack_start = 0x7ffc_d582_2298
        writer.task(task, kernelFrames: stacks.kernel.map(\.address), stack: stack, cgroup: cgroup)
        self.stacks.append(stacks)
    }

    func render(with renderer: inout any ReportRenderer, to output: inout ReportBuffer) {
        var recording = Recording()
        recording.append(writer.bytes)
        var next = stacks.makeIterator()
        for dump in recording.dumps {
            if dump.id != 0 { renderer.begin(dump, to: &output) }
            for (index, task) in dump.tasks.enumerated() {
                guard let stacks = next.next() else { break }
                renderer.write(
                    ResolvedTask(
                        number: index + 1, task: task, userFrames: stacks.user, userEnd: stacks.end,
                        kernelFrames: stacks.kernel, chain: dump.chain(of: task.tgid), event: stacks.event),
                    to: &output)
            }
            if dump.id != 0 { renderer.end(dump, to: &output) }
        }
        renderer.writeNotices(of: recording, to: &output)
        renderer.finish(to: &output)
    }
}

/// Makes frames: one `Symbol` for a function, one `MappedFile` for a file, as real ones have.
struct FrameMaker {
    private var symbols: [String: Symbol] = [:]
    private var files: [[UInt8]: MappedFile] = [:]

    /// A frame of a program, in a function of 256 bytes.
    mutating func user(
        _ name: String?, _ path: String, at line: UInt64 = 0x20, state: MappedFile.State = .usable,
        sources: [SourceFrame] = []
    ) -> NamedFrame {
        user(name, Array(path.utf8), at: line, state: state, sources: sources)
    }

    mutating func user(
        _ name: String?, _ path: [UInt8], at offset: UInt64, state: MappedFile.State,
        sources: [SourceFrame] = []
    ) -> NamedFrame {
        let buildID: [UInt8] = [0xbe, 0xef] + path.suffix(4)
        let file = files[path] ?? MappedFile(path: path, buildID: buildID, state: state)
        files[path] = file
        let symbol = symbol(name, of: String(decoding: path, as: UTF8.self), from: 0x1000)
        let start: UInt64 = symbol?.start ?? 0x9000
        let location = CodeLocation(symbol: symbol, file: file, address: start + offset - 1)
        return NamedFrame(
            address: 0x5555_0000_0000 + location.address + 1, location: location, sources: sources)
    }

    mutating func kernel(_ name: String?, module: String? = nil, at offset: UInt64 = 0x10) -> NamedFrame {
        let symbol = symbol(name, of: "kernel", from: 0xffff_ffff_8100_0000, module: module)
        let start: UInt64 = symbol?.start ?? 0xffff_ffff_a000_0000
        let address = start + offset
        return NamedFrame(address: address, location: CodeLocation(symbol: symbol, address: address - 1))
    }

    private mutating func symbol(
        _ name: String?, of place: String, from base: UInt64, module: String? = nil
    ) -> Symbol? {
        guard let name else { return nil }
        if let known = symbols[place + "\n" + name] { return known }
        let symbol = Symbol(name: name, start: base + UInt64(symbols.count) * 0x100, kernelModule: module)
        symbols[place + "\n" + name] = symbol
        return symbol
    }
}
