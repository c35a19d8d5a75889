// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// The report that `ucli` prints by default: one block of lines for each task.
///
/// Programs parse this layout, and its fixed parts do not change. A tag of two characters tells
/// what a line is: `#~` user frame, `#@` kernel frame, `#*` name of the task, `#^` command line of
/// the process and then of its ancestors; `##` alone ends the task. Where a line has no address,
/// 14 f's stand in its place.
public struct DefaultReport: ReportRenderer {
    public init() {}

    public func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        let task = resolved.task
        let comm = task.comm.printable
        let cgroup = task.cgroup.printable
        let state = String(UnicodeScalar(task.state)).printable

        output.write("##CGROUP:[\(cgroup)]  \(task.pid)      [\(resolved.number)]  采样命中[\(state)]\n")
        output.write("    进程信息: [\(cgroup) / \(comm)], PID: \(task.tgid) / \(task.pid)\n")
        if let frames = resolved.userFrames, let registers = task.registers {
            output.write("##C++ pid \(task.tgid)\n")
            output.write(
                "    用户态堆栈SP:\(hex(registers.rsp)), BP:\(hex(registers.rbp)), IP:\(hex(registers.rip))\n")
            for frame in frames {
                write("#~", frame, from: "[symbol]", to: &output)
            }
        }
        output.write("    内核态堆栈:\n")
        for frame in resolved.kernelFrames {
            write("#@", frame, from: "[kernel.kallsyms]", to: &output)
        }
        write("#*", comm, to: &output)
        output.write("    进程链信息:\n")
        for process in resolved.chain {
            write("#^", Self.commandLine(of: process), to: &output)
        }
        output.write("##\n")
    }

    private func write(
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

    /// The arguments with blanks between them; `[comm]` for what has none, as ps(1) shows it.
    private static func commandLine(of process: CapturedProcess) -> String {
        if process.arguments.isEmpty { return "[\(process.comm.printable)]" }
        return process.arguments.map(\.printable).joined(separator: " ")
    }

    private func hex(_ number: UInt64) -> String {
        String(number, radix: 16)
    }
}
