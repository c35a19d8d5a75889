// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// The text of `perf script`, as Firefox Profiler, speedscope and stackcollapse-perf.pl read it:
/// a line about the task, a line for each frame, leaf first and the kernel's before the program's,
/// and an empty line.
///
/// Tasks of dumps are samples of an event named `task`, of period 1.
struct PerfScriptReport: ReportRenderer {
    private var userLines = FrameLines()
    private var kernelLines = FrameLines()

    mutating func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        writeHeader(of: resolved, to: &output)
        kernelLines.write(resolved.kernelFrames, to: &output) { frame, line in
            Self.write(frame, in: frame.location.symbol?.kernelModule ?? "kernel.kallsyms", to: &line)
        }
        if let frames = resolved.userFrames { userLines.write(frames, to: &output, format: Self.writeUser) }
        output.write(byte: UInt8(ascii: "\n"))
    }

    /// `comm  pid/tid [cpu] seconds.microseconds: period event:`
    private func writeHeader(of resolved: ResolvedTask, to output: inout ReportBuffer) {
        let task = resolved.task
        output.write(Self.word(task.comm, of: task.pid))
        output.write(byte: UInt8(ascii: " "))
        output.write(decimal: UInt64(task.tgid), width: 5)
        output.write(byte: UInt8(ascii: "/"))
        output.write(decimal: UInt64(task.pid))
        output.write(" [")
        output.write(decimal: UInt64(task.header.cpu), width: 3, padding: UInt8(ascii: "0"))
        output.write("] ")
        output.write(decimal: task.header.time / 1_000_000_000, width: 5)
        output.write(byte: UInt8(ascii: "."))
        output.write(decimal: task.header.time / 1000 % 1_000_000, width: 6, padding: UInt8(ascii: "0"))
        output.write(": ")
        output.write(decimal: resolved.event?.period ?? 1, width: 10)
        output.write(byte: UInt8(ascii: " "))
        output.write(resolved.event?.name.printable ?? "task")
        output.write(": \n")
    }

    /// The name of a task as one word: readers look for the numbers behind it, end a name at `;` when
    /// they fold the stack, and take a `#` at the start of a line for a comment.
    private static func word(_ comm: RawText, of pid: UInt32) -> String {
        let name = comm.printable.replacing([" ": "_", ";": ":"])
        if name.isEmpty { return ":\(pid)" }
        return name.first == "#" ? "_" + name.dropFirst() : name
    }

    private static func writeUser(_ frame: NamedFrame, to output: inout ReportBuffer) {
        for inlined in frame.sources.dropLast() {
            output.write(byte: UInt8(ascii: "\t"))
            output.write(hex: frame.address, width: 16)
            output.write(" \(inlined.name) (inlined)\n")
        }
        let path = frame.location.file.map { String(decoding: $0.path, as: UTF8.self).printable }
        write(
            frame, in: path.map { $0.isEmpty ? "//anon" : $0 } ?? "unknown", isPath: path != nil, to: &output)
    }

    /// A file's path stands in parentheses, what is no path in brackets in them.
    private static func write(
        _ frame: NamedFrame, in source: String, isPath: Bool = false, to output: inout ReportBuffer
    ) {
        output.write(byte: UInt8(ascii: "\t"))
        output.write(hex: frame.address, width: 16)
        output.write(byte: UInt8(ascii: " "))
        if let name = frame.name, let offset = frame.offset {
            output.write(name.printable)
            output.write("+0x")
            output.write(hex: offset)
        } else {
            output.write("[unknown]")
        }
        output.write(isPath ? " (\(source))\n" : " ([\(source)])\n")
    }
}
