// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// The text of `perf script`, as Firefox Profiler, speedscope and stackcollapse-perf.pl read it:
/// a line about the task, a line for each frame, leaf first and the kernel's before the program's,
/// and an empty line.
///
/// Tasks of dumps are samples of an event named `task`, of period 1.
struct PerfScriptReport: ReportRenderer {
    private var userLines = FrameLines()
    private var kernelLines = FrameLines()
    private var lineEnd = LineEnd()

    mutating func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        writeHeader(of: resolved, to: &output)
        kernelLines.write(resolved.kernelFrames, to: &output) { frame, line in
            Self.write(frame, to: &line)
            line.write(" ([")
            line.write(frame.location.symbol?.kernelModule ?? "kernel.kallsyms")
            line.write("])\n")
        }
        if let frames = resolved.userFrames {
            var lineEnd = lineEnd
            userLines.write(frames, to: &output) { frame, line in
                Self.writeInlined(frame, to: &line)
                Self.write(frame, to: &line)
                line.write(lineEnd.of(frame.location.file))
            }
            self.lineEnd = lineEnd
        }
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

    private static func writeInlined(_ frame: NamedFrame, to output: inout ReportBuffer) {
        for inlined in frame.sources.dropLast() {
            output.write(byte: UInt8(ascii: "\t"))
            output.write(hex: frame.address, width: 16)
            output.write(" \(inlined.name) (inlined)\n")
        }
    }

    private static func write(_ frame: NamedFrame, to output: inout ReportBuffer) {
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
    }
}

/// What ends the line of a program's frame: the path of its file in parentheses, and what is no path in
/// brackets in them. That of the last file is kept, for the next frame is often in the same.
private struct LineEnd {
    private var file: MappedFile?
    private var text: [UInt8] = []

    mutating func of(_ file: MappedFile?) -> [UInt8] {
        guard let file else { return Array(" ([unknown])\n".utf8) }
        if file !== self.file {
            let path = String(decoding: file.path, as: UTF8.self).printable
            text = Array(" (\(path.isEmpty ? "//anon" : path))\n".utf8)
            self.file = file
        }
        return text
    }
}
