// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// The report that `ucli` prints by default: one block of lines for each task.
///
/// Programs parse this layout, and its fixed parts do not change. A tag of two characters tells
/// what a line is: `#~` user frame, `#@` kernel frame, `#*` name of the task, `#^` command line of
/// the process and then of its ancestors; `##` alone ends the task. Where a line has no address,
/// 14 f's stand in its place.
public struct DefaultReport: MergingRenderer {
    private let kernelFirst: Bool
    private var userLines = FrameLines()
    private var kernelLines = FrameLines()

    /// - Parameter kernelFirst: whether the kernel's frames come before the program's, as they
    ///   lie in the stack. Scripts that collapse stacks take lines in their order.
    public init(kernelFirst: Bool = false) {
        self.kernelFirst = kernelFirst
    }

    public mutating func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        write(resolved, suffix: "", to: &output)
    }

    mutating func write(_ stack: MergedStack, to output: inout ReportBuffer) {
        write(stack.example, suffix: "  \(stack.count) \(stack.count == 1 ? "task" : "tasks")", to: &output)
    }

    private mutating func write(_ resolved: ResolvedTask, suffix: String, to output: inout ReportBuffer) {
        let task = resolved.task
        let comm = task.comm.printable
        let cgroup = task.cgroup.printable
        let state = String(UnicodeScalar(task.state)).printable

        output.write("##CGROUP:[\(cgroup)]  \(task.pid)      [\(resolved.number)]  采样命中[\(state)]\(suffix)\n")
        output.write("    进程信息: [\(cgroup) / \(comm)], PID: \(task.tgid) / \(task.pid)\n")
        if kernelFirst {
            writeKernelStack(of: resolved, to: &output)
            writeUserStack(of: resolved, to: &output)
        } else {
            writeUserStack(of: resolved, to: &output)
            writeKernelStack(of: resolved, to: &output)
        }
        write("#*", comm, to: &output)
        output.write("    进程链信息:\n")
        // Of a task that was reaped while it was recorded, nothing else is known.
        if resolved.chain.isEmpty { write("#^", "[\(comm)]", to: &output) }
        for process in resolved.chain {
            write("#^", process.commandLine, to: &output)
        }
        output.write("##\n")
    }

    private mutating func writeUserStack(of resolved: ResolvedTask, to output: inout ReportBuffer) {
        guard let frames = resolved.userFrames, let registers = resolved.task.registers else { return }
        output.write("##C++ pid \(resolved.task.tgid)\n")
        output.write(
            "    用户态堆栈SP:\(hex(registers.rsp)), BP:\(hex(registers.rbp)), IP:\(hex(registers.rip))\n")
        userLines.write(frames, to: &output) { Self.write("#~", $0, from: "[symbol]", to: &$1) }
    }

    private mutating func writeKernelStack(of resolved: ResolvedTask, to output: inout ReportBuffer) {
        output.write("    内核态堆栈:\n")
        kernelLines.write(resolved.kernelFrames, to: &output) {
            Self.write("#@", $0, from: "[kernel.kallsyms]", to: &$1)
        }
    }

    private static func write(
        _ tag: String, _ frame: NamedFrame, from source: String, to output: inout ReportBuffer
    ) {
        output.write(tag)
        output.write("        0x")
        output.write(hex: frame.address)
        output.write(" ")
        output.write(frame.name?.printable ?? "UNKNOWN")
        output.write(" (")
        output.write(source)
        output.write(")\n")
    }

    private func write(_ tag: String, _ text: String, to output: inout ReportBuffer) {
        output.write("\(tag)        0xffffffffffffff \(text) (UNKNOWN)\n")
    }

    private func hex(_ number: UInt64) -> String {
        String(number, radix: 16)
    }
}
