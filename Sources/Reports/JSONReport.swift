// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import StackUnwinding
import Symbolisation

/// All that is known, as JSON Lines: an object a line, whose `type` says what it is.
///
/// `docs/json-schema.md` describes them, `docs/report.schema.json` defines them. Fields may be
/// added; anything else makes a new version.
struct JSONReport: MergingRenderer {
    private static let version: UInt32 = 1

    private var isBegun = false
    private var userFrames = FrameLines()
    private var kernelFrames = FrameLines()

    /// The first line says what the others are.
    private mutating func open(_ output: inout ReportBuffer) {
        if isBegun { return }
        isBegun = true
        Self.line("report", to: &output) { $0.number("version", Self.version) }
    }

    private static func line(
        _ type: String, to output: inout ReportBuffer, _ members: (inout ReportBuffer) -> Void
    ) {
        output.object {
            $0.string("type", type)
            members(&$0)
        }
        output.write(byte: UInt8(ascii: "\n"))
    }

    mutating func begin(_ file: RecordingFile, to output: inout ReportBuffer) {
        open(&output)
        Self.line("recording", to: &output) { $0.members(of: file) }
    }

    mutating func begin(_ profile: PerfDataFile, to output: inout ReportBuffer) {
        open(&output)
        Self.line("profile", to: &output) { $0.members(of: profile) }
    }

    mutating func begin(_ space: () -> AddressSpace, to output: inout ReportBuffer) {
        Self.line("address_space", to: &output) { $0.members(of: space(), inDump: 0) }
    }

    mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {
        open(&output)
        Self.line("dump", to: &output) { $0.members(of: dump) }
        for process in dump.processes.values.sorted(by: { $0.pid < $1.pid }) {
            Self.line("process", to: &output) { $0.members(of: process) }
        }
        for space in dump.addressSpaces.values.sorted(by: { $0.number < $1.number }) {
            Self.line("address_space", to: &output) { $0.members(of: space, inDump: dump.id) }
        }
    }

    mutating func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        open(&output)
        Self.line("task", to: &output) {
            $0.members(of: resolved)
            $0.frames(of: resolved, &userFrames, &kernelFrames)
        }
    }

    mutating func write(_ stack: MergedStack, to output: inout ReportBuffer) {
        open(&output)
        Self.line("stack", to: &output) {
            $0.number("count", UInt64(stack.count))
            $0.array("tasks", stack.members) { member, output in
                output.object {
                    $0.count("dump", member.dumpID)
                    $0.number("number", UInt64(member.number))
                    $0.number("tgid", member.tgid)
                    $0.number("pid", member.pid)
                    $0.text("comm", member.comm)
                    $0.string("state", String(UnicodeScalar(member.state)))
                }
            }
            $0.frames(of: stack.example, &userFrames, &kernelFrames)
        }
    }

    mutating func end(_ dump: Dump, to output: inout ReportBuffer) {
        open(&output)
        Self.line("dump_end", to: &output) {
            $0.count("dump", dump.id)
            guard let end = dump.end else { return $0.null("totals") }
            $0.object("totals") { $0.members(of: end) }
        }
    }

    mutating func end(_ profile: PerfDataFile, to output: inout ReportBuffer) {
        for damage in profile.damages.first {
            Self.damageLine(damage.offset, damage.skipped, damage.flaw.description, to: &output)
        }
        Self.line("profile_end", to: &output) {
            $0.count("lost", profile.lost)
            $0.number("damages", UInt64(profile.damages.count))
        }
    }

    private static func damageLine(
        _ offset: UInt64, _ skipped: UInt64, _ reason: String, to output: inout ReportBuffer
    ) {
        line("damage", to: &output) {
            $0.number("offset", offset)
            $0.number("skipped", skipped)
            $0.string("reason", reason)
        }
    }

    mutating func writeNotices(of recording: Recording, to output: inout ReportBuffer) {
        open(&output)
        for end in recording.watchEnds { Self.line("watch_end", to: &output) { $0.members(of: end) } }
        for loss in recording.losses { Self.line("loss", to: &output) { $0.members(of: loss) } }
        for gap in recording.gaps {
            Self.line("gap", to: &output) {
                $0.count("first_sequence", gap.lowerBound)
                $0.count("last_sequence", gap.upperBound)
            }
        }
        for damage in recording.damages {
            Self.damageLine(
                UInt64(damage.offset), UInt64(damage.skipped), damage.reason.description, to: &output)
        }
    }

    /// Even without a task there is a first line.
    mutating func finish(to output: inout ReportBuffer) {
        open(&output)
        Self.line("report_end", to: &output) { _ in }
    }
}

extension ReportBuffer {
    fileprivate mutating func frames(
        of resolved: ResolvedTask, _ user: inout FrameLines, _ kernel: inout FrameLines
    ) {
        if let frames = resolved.userFrames, let end = resolved.userEnd {
            self.frames("user", frames, &user)
            string("user_end", Self.name(of: end))
        } else {
            null("user")
            null("user_end")
        }
        frames("kernel", resolved.kernelFrames, &kernel)
    }

    private static func name(of end: UserStack.End) -> String {
        switch end {
        case .complete: "complete"
        case .truncated: "truncated"
        case .unreadable: "unreadable"
        case .otherStack: "other_stack"
        case .noRules: "no_rules"
        case .tooDeep: "too_deep"
        case .is32Bit: "32_bit"
        }
    }

    private mutating func frames(_ key: String, _ frames: [NamedFrame], _ lines: inout FrameLines) {
        array(key, frames.indices) { index, output in
            if index > 0 { output.write(byte: UInt8(ascii: ",")) }
            lines.write(frames, index, to: &output) { frame, line in line.object { $0.members(of: frame) } }
        }
    }

    private mutating func members(of frame: NamedFrame) {
        address("address", frame.address)
        if let symbol = frame.location.symbol, let offset = frame.offset {
            string("symbol", symbol.name)
            count("offset", offset)
            if let module = symbol.kernelModule { string("module", module) }
        }
        if let file = frame.location.file {
            text("file", file.path)
            hex("build_id", file.buildID)
            string("file_state", Self.name(of: file.state))
            address("file_address", frame.location.address)
        }
        guard !frame.sources.isEmpty else { return }
        array("sources", frame.sources) { source, output in
            output.object {
                $0.string("function", source.name)
                $0.string("file", source.file)
                $0.number("line", UInt64(clamping: source.line))
            }
        }
    }

    private static func name(of state: MappedFile.State) -> String {
        switch state {
        case .usable: "usable"
        case .missing: "missing"
        case .changed: "changed"
        case .unreadable: "unreadable"
        }
    }
}
