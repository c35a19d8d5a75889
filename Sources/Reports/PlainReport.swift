// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import SourceLines
import StackUnwinding
import Symbolisation

/// A report in plain English, for a person to read.
struct PlainReport: MergingRenderer {
    private let hasColour: Bool
    private var isBegun = false
    /// Paths of the files that are not what the tasks had mapped, in the order in which they came.
    private var changedFiles: [String] = []

    private static let sparklineColumns = 60

    private enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case program = "33"
        case kernel = "36"
    }

    init(hasColour: Bool) {
        self.hasColour = hasColour
    }

    mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {
        separate(&output)
        write(summaryLine(of: dump), .bold, to: &output)
        for hit in dump.hits {
            write("  \(description(of: hit, in: dump))\n", .red, to: &output)
        }
        for history in dump.histories { write(history, to: &output) }
        for hang in dump.hangs {
            write(
                "  task \(hang.pid) (\(hang.comm.printable)) of process \(hang.tgid) hangs\n", .red,
                to: &output)
        }
    }

    private func summaryLine(of dump: Dump) -> String {
        var text = "Dump \(dump.id)"
        if let begin = dump.begin { text += " at \(localTime(begin.realtime))" }
        text += ", \(dump.tasks.count) \(dump.tasks.count == 1 ? "task" : "tasks")"
        if dump.begin?.reasons.contains(.request) == true { text += ", on request" }
        return text + (dump.end == nil ? "; its end is missing\n" : "\n")
    }

    /// `temp = 151 > 150 in process 63936 (4 bytes at 0x601050); first task captured 0.042 ms after the tick`
    private func description(of hit: Hit, in dump: Dump) -> String {
        var text =
            "\(hit.conditionText) in process \(hit.pid) (\(hit.length) bytes at 0x\(String(hit.address, radix: 16)))"
        if let end = dump.end, hit.tickTime < end.firstCapture {
            text += "; first task captured \(milliseconds(end.firstCapture - hit.tickTime)) ms after the tick"
        }
        if hit.mutedTicks > 0 { text += "; muted at \(hit.mutedTicks) ticks before" }
        return text
    }

    /// `  temp before: ▁▁▁▂▅█ from 100 to 151, 64 ticks in 0.630 ms`
    private func write(_ history: History, to output: inout ReportBuffer) {
        guard let first = history.samples.first, let last = history.samples.last,
            let extremes = history.extremes
        else {
            return
        }
        let line = history.sparkline(columns: Self.sparklineColumns)
        output.write("  \(history.name.printable) before: \(line) from \(extremes.low) to \(extremes.high), ")
        output.write("\(history.samples.count) ticks in \(milliseconds(last.time &- first.time)) ms\n")
    }

    mutating func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        let task = resolved.task
        separate(&output)
        write("Task \(task.pid) \(Self.name(task.comm))", .bold, to: &output)
        output.write(task.pid == task.tgid ? "" : " of process \(task.tgid)")
        output.write(", \(Self.stateName(task.state))")
        output.write(task.flags.contains(.onCPU) ? " on CPU \(task.header.cpu)" : "")
        output.write(task.flags.contains(.hit) ? ", its process hit\n" : "\n")
        if let event = resolved.event {
            output.write("  \(event.name.printable), period \(event.period)\n")
        }
        writeOrigin(of: resolved, to: &output)
        writeFrames(of: resolved, to: &output)
    }

    mutating func write(_ stack: MergedStack, to output: inout ReportBuffer) {
        separate(&output)
        let unit = stack.example.event == nil ? "task" : "sample"
        write("\(stack.count) \(unit)\(stack.count == 1 ? "" : "s")", .bold, to: &output)
        let states = Self.tally(stack.members.map { Self.stateName($0.state) })
        let names = Self.tally(stack.members.map { Self.name($0.comm) })
        output.write(": \(states)\n  of \(names)\n")
        writeFrames(of: stack.example, to: &output)
    }

    mutating func end(_ dump: Dump, to output: inout ReportBuffer) {
        writeChangedFiles(to: &output)
    }

    mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer) {
        let notices = notices(of: recording)
        if !notices.isEmpty { separate(&output) }
        for notice in notices { output.write(notice + "\n") }
    }

    mutating func finish(to output: inout ReportBuffer) {
        writeChangedFiles(to: &output)
    }

    /// Cgroup, command line and ancestors.
    private func writeOrigin(of resolved: ResolvedTask, to output: inout ReportBuffer) {
        if !resolved.task.cgroup.isEmpty { output.write("  cgroup   \(resolved.task.cgroup.printable)\n") }
        guard let process = resolved.chain.first else { return }
        output.write("  command  \(process.commandLine)\n")
        let parents = resolved.chain.dropFirst().map { "\($0.commandLine) (\($0.pid))" }
        if !parents.isEmpty { output.write("  started by \(parents.joined(separator: ", by "))\n") }
    }

    private mutating func writeFrames(of resolved: ResolvedTask, to output: inout ReportBuffer) {
        if !resolved.kernelFrames.isEmpty { output.write("  in the kernel\n") }
        for frame in resolved.kernelFrames {
            write(frame, .kernel, from: frame.location.symbol?.kernelModule, to: &output)
        }
        if resolved.task.flags.contains(.kernelTruncated) {
            write("    … and more frames than were recorded\n", .faint, to: &output)
        }
        guard let frames = resolved.userFrames else { return }
        output.write("  in the program\n")
        for frame in frames {
            writeInlined(frame, to: &output)
            write(frame, .program, from: frame.fileName, to: &output)
            note(frame.location.file)
        }
        if let why = Self.explanation(of: resolved.userEnd) {
            write("    … \(why)\n", .faint, to: &output)
        }
    }

    private func writeInlined(_ frame: NamedFrame, to output: inout ReportBuffer) {
        for source in frame.sources.dropLast() {
            write("    \(source.name)", .program, to: &output)
            write("  \(Self.place(of: source)), inlined\n", .faint, to: &output)
        }
    }

    /// `    function+0x12  file.c:34` or, without source, `    function+0x12  library.so`
    private func write(
        _ frame: NamedFrame, _ style: Style, from origin: String?, to output: inout ReportBuffer
    ) {
        if let name = frame.name, let offset = frame.offset {
            write("    \(name.printable)+0x\(String(offset, radix: 16))", style, to: &output)
        } else {
            write("    0x\(String(frame.address, radix: 16))", style, to: &output)
        }
        let place = frame.sources.last.map(Self.place) ?? origin
        if let place { write("  \(place.printable)", .faint, to: &output) }
        output.write("\n")
    }

    private static func place(of source: SourceFrame) -> String {
        source.file.printable + (source.line == 0 ? "" : ":\(source.line)")
    }

    private mutating func note(_ file: MappedFile?) {
        guard let file, file.state == .changed else { return }
        let path = String(decoding: file.path, as: UTF8.self).printable
        if !changedFiles.contains(path) { changedFiles.append(path) }
    }

    private mutating func writeChangedFiles(to output: inout ReportBuffer) {
        if changedFiles.isEmpty { return }
        separate(&output)
        output.write("Changed since, and therefore not used for names:\n")
        for path in changedFiles { output.write("  \(path)\n") }
        changedFiles = []
    }

    /// An empty line between parts.
    private mutating func separate(_ output: inout ReportBuffer) {
        if isBegun { output.write("\n") }
        isBegun = true
    }

    private func write(_ text: String, _ style: Style, to output: inout ReportBuffer) {
        guard hasColour else { return output.write(text) }
        let isLine = text.last == "\n"
        output.write(
            "\u{1b}[\(style.rawValue)m\(isLine ? text.dropLast() : text[...])\u{1b}[0m\(isLine ? "\n" : "")")
    }
}

extension PlainReport {
    /// As the manual of ps(1) names it.
    private static func stateName(_ letter: UInt8) -> String {
        switch letter {
        case UInt8(ascii: "R"): "running"
        case UInt8(ascii: "S"): "sleeping"
        case UInt8(ascii: "D"): "uninterruptible"
        case UInt8(ascii: "I"): "idle"
        case UInt8(ascii: "T"): "stopped"
        case UInt8(ascii: "t"): "traced"
        case UInt8(ascii: "Z"): "zombie"
        case UInt8(ascii: "X"): "dead"
        default: "in state \(String(UnicodeScalar(letter)).printable)"
        }
    }

    /// Why a stack ends before its outermost function; nil if it does not.
    private static func explanation(of end: UserStack.End?) -> String? {
        switch end {
        case nil, .complete: nil
        case .truncated: "the stack was longer than its copy"
        case .unreadable: "the memory of the next frame was not copied, or makes no sense"
        case .otherStack: "it goes on on another stack than the one that was copied, below a signal handler"
        case .noRules: "nothing tells how this function is unwound"
        case .tooDeep: "there are more than \(StackUnwinder.framesMax) frames"
        case .is32Bit: "code of 32 bits is not unwound"
        }
    }

    private static func name(_ comm: RawText) -> String {
        comm.isEmpty ? "[unnamed]" : comm.printable
    }

    /// `3 worker, main and 2 others`: the most frequent first.
    private static func tally(_ names: [String]) -> String {
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let shown = counts.prefix(5).map { $0.value == 1 ? $0.key : "\($0.value) \($0.key)" }
        let rest = counts.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) others" : "")
    }
}
