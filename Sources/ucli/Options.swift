// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Glibc
import Reports
import SystemPackage

/// Which tasks are wanted.
struct TaskFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only this process, or this task.", valueName: "pid"))
    var pid: [UInt32] = []

    @Option(help: ArgumentHelp("Only tasks of this name.", valueName: "name"))
    var comm: [String] = []

    @Option(
        help: ArgumentHelp("Only tasks in one of these states, such as D or RD.", valueName: "letters"),
        transform: Self.states)
    var state: Set<UInt8> = []

    var filter: ReportFilter {
        var filter = ReportFilter()
        filter.pids = Set(pid)
        filter.names = Set(comm.map(RawText.init))
        filter.states = state
        return filter
    }

    private static func states(_ text: String) throws -> Set<UInt8> {
        let letters = text.utf8.filter { $0 != UInt8(ascii: ",") }
        guard !letters.isEmpty,
            letters.allSatisfy({ $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") })
        else { throw ValidationError("States are letters, as ps shows them.") }
        return Set(letters)
    }
}

/// Which dumps and tasks are wanted.
struct FilterOptions: ParsableArguments {
    @OptionGroup var tasks: TaskFilterOptions

    @Option(
        help: ArgumentHelp("Only the dump of this number; samples of a profile have none.", valueName: "id"))
    var dump: [UInt64] = []

    @Option(
        help: ArgumentHelp(
            "Only dumps since then: 90s, 5m, 2h or 1d before now (of a recording: before it was made), 09:30, or "
                + "'2024-05-01 09:30'; not for samples of a profile, which have no time of day.",
            valueName: "time"), transform: Self.time)
    var since: ReportTime?

    var isEmpty: Bool { filter(now: 0).isEmpty }

    /// - Parameter now: from which the time counts, `CLOCK_REALTIME` in ns.
    func filter(now: UInt64) -> ReportFilter {
        var filter = tasks.filter
        filter.dumps = Set(dump)
        filter.since = since?.realtime(from: now)
        return filter
    }

    private static func time(_ text: String) throws -> ReportTime {
        guard let time = ReportTime(text) else {
            throw ValidationError("A time is 90s, 5m, 2h or 1d, or 09:30, or '2024-05-01 09:30'.")
        }
        return time
    }
}

/// How a report is written.
struct FormatOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How the report is written: \(Self.formats).", valueName: "format"))
    var format = ReportFormat.text

    @Flag(help: "Merge identical stacks and count them, the most frequent first.")
    var top = false

    @Flag(help: "Kernel frames before user frames in the default format, for scripts that collapse stacks.")
    var kernelFirst = false

    @Option(
        help: ArgumentHelp("Look for the files of processes under this folder.", valueName: "folder"),
        completion: .directory)
    var sysroot: String?

    @Flag(
        help: ArgumentHelp(
            "Lines of source code and inlined functions in plain, json and pprof; in folded, flamegraph and perf "
                + "inlined functions, as frames of their own; not for text, whose layout has no place for them."
        ))
    var lines = false

    private static let formats = ReportFormat.allCases.map { "\($0.rawValue) (\($0.summary))" }
        .joined(separator: ", ")

    func validate() throws {
        do {
            try format.validate(rendererOptions(isForFile: true))
        } catch {
            throw ValidationError("\(error).")
        }
    }

    /// Throws if the format has no form for an option.
    func makeRenderer(isForFile: Bool) throws(UnsupportedOption) -> any ReportRenderer {
        try format.makeRenderer(options: rendererOptions(isForFile: isForFile))
    }

    private func rendererOptions(isForFile: Bool) -> ReportOptions {
        var options = ReportOptions()
        options.kernelFirst = kernelFirst
        options.top = top
        options.hasLines = lines
        let isWanted = unsafe getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true
        options.hasColour = isWanted && !isForFile && isatty(STDOUT_FILENO) != 0
        return options
    }

    /// Throws if the report would go to a terminal, and is no text.
    func validateForStandardOutput() throws {
        if format.isBinary, isatty(STDOUT_FILENO) != 0 {
            throw ValidationError("The format \(format.rawValue) is no text: give -o FILE.")
        }
    }

    var resolverOptions: DumpResolver.Options {
        var options = DumpResolver.Options()
        options.showsSourceLines = lines
        options.sysroot = sysroot
        return options
    }
}

/// How a report is written, and where to.
struct OutputOptions: ParsableArguments {
    @OptionGroup var form: FormatOptions

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Write to this file, which is complete or not there.", valueName: "file"),
        completion: .file())
    var path: String?

    func validate() throws {
        if path == nil { try form.validateForStandardOutput() }
    }
}

extension ReportFormat: ExpressibleByArgument {}

/// `CLOCK_REALTIME` in ns.
func realtimeNow() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}
