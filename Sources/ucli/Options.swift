// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Glibc
import Reports
import SystemPackage

/// Which dumps and tasks are wanted.
struct FilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only this process, or this task.", valueName: "pid"))
    var pid: [UInt32] = []

    @Option(help: ArgumentHelp("Only tasks of this name.", valueName: "name"))
    var comm: [String] = []

    @Option(
        help: ArgumentHelp("Only tasks in one of these states, such as D or RD.", valueName: "letters"),
        transform: Self.states)
    var state: Set<UInt8> = []

    @Option(help: ArgumentHelp("Only the dump of this number.", valueName: "id"))
    var dump: [UInt64] = []

    @Option(
        help: ArgumentHelp(
            "Only dumps since then: 90s, 5m, 2h or 1d before now (or before a recording ended), 09:30, or "
                + "'2024-05-01 09:30'.", valueName: "time"), transform: Self.time)
    var since: ReportTime?

    var isEmpty: Bool { filter(now: 0).isEmpty }

    /// - Parameter now: from which the time counts, `CLOCK_REALTIME` in ns.
    func filter(now: UInt64) -> ReportFilter {
        var filter = ReportFilter()
        filter.pids = Set(pid)
        filter.names = Set(comm.map(RawText.init))
        filter.states = state
        filter.dumps = Set(dump)
        filter.since = since?.realtime(from: now)
        return filter
    }

    private static func states(_ text: String) throws -> Set<UInt8> {
        let letters = text.utf8.filter { $0 != UInt8(ascii: ",") }
        guard !letters.isEmpty,
            letters.allSatisfy({ $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") })
        else { throw ValidationError("States are letters, as ps shows them.") }
        return Set(letters)
    }

    private static func time(_ text: String) throws -> ReportTime {
        guard let time = ReportTime(text) else {
            throw ValidationError("A time is 90s, 5m, 2h or 1d, or 09:30, or '2024-05-01 09:30'.")
        }
        return time
    }
}

/// How a report is written, and where to.
struct OutputOptions: ParsableArguments {
    @Option(help: "How the report is written.")
    var format = ReportFormat.text

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Write to this file, which is complete or not there.", valueName: "file"),
        completion: .file())
    var path: String?

    @Option(
        help: ArgumentHelp("Look for the files of processes under this folder.", valueName: "folder"),
        completion: .directory)
    var sysroot = "/"

    /// Files are only opened by absolute paths.
    var absoluteSysroot: String {
        if sysroot.hasPrefix("/") { return sysroot }
        let folder = unsafe getcwd(nil, 0)
        defer { unsafe free(folder) }
        return unsafe folder.map { unsafe String(cString: $0) + "/" + sysroot } ?? sysroot
    }
}

enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
    case text

    func renderer() -> any ReportRenderer {
        switch self {
        case .text: DefaultReport()
        }
    }
}

/// `CLOCK_REALTIME` in ns.
func realtimeNow() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}
