// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import Reports
import Symbolisation

/// Prints dumps or samples as one report.
struct ReportPrinter: ~Copyable {
    private let resolver: DumpResolver
    private let filter: ReportFilter
    private var renderer: any ReportRenderer
    private var output: Output
    private var progress: Progress
    private var shortfalls = Shortfalls()

    /// - Parameter now: from which `--since` counts, `CLOCK_REALTIME` in ns; 0 for this moment.
    init(
        _ filter: FilterOptions, _ output: OutputOptions, now: UInt64 = 0,
        kernelSymbols: @escaping () -> KernelSymbols = { KernelSymbols.ofRunningKernel() }
    ) throws {
        try self.init(
            filter.filter(now: now == 0 ? realtimeNow() : now), output.form, path: output.path,
            kernelSymbols: kernelSymbols)
    }

    /// - Parameter path: nil for standard output.
    init(
        _ filter: ReportFilter, _ form: FormatOptions, path: String? = nil,
        kernelSymbols: @escaping () -> KernelSymbols = { KernelSymbols.ofRunningKernel() }
    ) throws {
        let renderer = try form.makeRenderer(isForFile: path != nil)
        let file = try path.map { path throws(Failure) in try Output(replacing: path) } ?? Output()
        self.filter = filter
        resolver = DumpResolver(options: form.resolverOptions, kernelSymbols: kernelSymbols)
        self.renderer = renderer
        output = file
        progress = Progress(isForFile: path != nil)
    }

    mutating func print(_ dumps: some Sequence<Dump>) throws {
        let wanted = dumps.filter(filter.includes)
        let total = wanted.reduce(0) { $0 + $1.tasks.count }
        var tasksBefore = 0
        for dump in wanted {
            progress.clear()
            note(summary(of: dump))
            renderer.begin(dump, to: &output.buffer)
            try resolver.forEachTask(of: dump, where: filter.includes) { task in
                try write(task, share: Double(tasksBefore + task.number) / Double(total))
            }
            renderer.end(dump, to: &output.buffer)
            tasksBefore += dump.tasks.count
        }
    }

    /// What the recording holds beside its dumps.
    mutating func printNotices(of recording: Recording) {
        for notice in notices(of: recording) { note(notice) }
        renderer.writeNotices(of: recording, to: &output.buffer)
    }

    /// Where the dumps come from that are printed next.
    mutating func begin(_ file: RecordingFile) {
        renderer.begin(file, to: &output.buffer)
    }

    mutating func print(_ profile: PerfDataFile) throws {
        renderer.begin(profile, to: &output.buffer)
        try resolver.forEachTask(
            of: profile, where: filter.includes, begin: { renderer.begin($0, to: &output.buffer) }
        ) { try write($0, share: profile.shareRead) }
        renderer.end(profile, to: &output.buffer)
    }

    private mutating func write(_ task: ResolvedTask, share: @autoclosure () -> Double) throws(Failure) {
        renderer.write(task, to: &output.buffer)
        shortfalls.count(task)
        progress.step(share())
        try output.drain()
    }

    /// Whoever reads along is to see what was printed so far.
    mutating func flush() throws(Failure) {
        try output.flush()
    }

    mutating func finish() throws(Failure) {
        renderer.finish(to: &output.buffer)
        progress.clear()
        try output.finish()
        if let summary = shortfalls.summary { note(summary) }
    }
}
