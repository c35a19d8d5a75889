// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import SourceLines
import Symbolisation
import Testing

@testable import Reports

/// Formats that other programs take apart line by line.
@Suite struct StackFormatsTests {
    private let frames = Frames("main", "work", "operator new(a; b)", "schedule")

    @Test func foldedIsRootFirstWithTheKernelAbove() throws {
        let task = try ResolvedTask.sample(user: frames("work", "main"), kernel: frames("schedule"))
        #expect(try rendered(.folded, [task, task]) == "userstack;main;work;schedule_[k] 2\n")
    }

    @Test func foldedHasNoSeparatorInNames() throws {
        let task = try ResolvedTask.sample(comm: "#a b;1", user: frames("operator new(a; b)"))
        #expect(try rendered(.folded, [task]) == "_a_b:1;operator_new(a:_b) 1\n")
    }

    /// Where nothing names a function, its file does.
    @Test func foldedFramesWithoutAName() throws {
        let file = MappedFile(path: Array("/usr/lib/libx y.so".utf8), buildID: [], state: .usable)
        let task = try ResolvedTask.sample(comm: "", user: frames("?", "main", file: file) + frames("?"))
        #expect(try rendered(.folded, [task]) == "[unnamed];[unknown];main;[libx_y.so] 1\n")
    }

    @Test func inlinedFunctionsLieAboveTheirCaller() throws {
        var user = frames("work", "main")
        user[0].sources = ["inner", "outer", "work"].map { SourceFrame(function: $0, file: "a.c", line: 1) }
        #expect(try rendered(.folded, [.sample(user: user)]) == "userstack;main;work;outer;inner 1\n")
    }

    @Test func topSortsAndOthersKeepTheirOrder() throws {
        let rare = try ResolvedTask.sample(user: frames("main"))
        let often = try ResolvedTask.sample(user: frames("work"))
        #expect(try rendered(.folded, [rare, often, often]) == "userstack;main 1\nuserstack;work 2\n")
        #expect(
            try rendered(.folded, [rare, often, often], top: true) == "userstack;work 2\nuserstack;main 1\n")
    }

    @Test func perfText() throws {
        let file = MappedFile(path: Array("/bin/my (x)".utf8), buildID: [], state: .usable)
        let task = try ResolvedTask.sample(
            comm: "a b", user: frames("work", file: file) + frames("?"), kernel: frames("schedule"),
            event: SampledEvent(name: "cpu-clock", period: 250_000))
        #expect(
            try rendered(.perf, [task]) == """
                a_b 51666/51666 [001]     1.000000:     250000 cpu-clock: 
                \t        70004018 schedule+0x18 ([kernel.kallsyms])
                \t        70002018 work+0x18 (/bin/my (x))
                \t        7000f018 [unknown] ([unknown])


                """)
    }

    /// The same address is another function in another process.
    @Test func cachedLinesBelongToTheirFrame() throws {
        let tasks = try ["one", "two", "one"].map { name in
            try ResolvedTask.sample(user: [NamedFrame(address: 0x1000, name: name)])
        }
        let lines = try rendered(.perf, tasks).split(separator: "\n").filter { $0.hasPrefix("\t") }
        #expect(lines.map { $0.split(separator: " ")[2] } == ["one+0x0", "two+0x0", "one+0x0"])
        let blocks = try rendered(.text, tasks).split(separator: "\n").filter { $0.hasPrefix("#~") }
        #expect(blocks.map { $0.split(separator: " ")[2] } == ["one", "two", "one"])
    }

    @Test func theDefaultReportWithTheKernelFirst() throws {
        var options = ReportOptions()
        options.kernelFirst = true
        var renderer = try ReportFormat.text.makeRenderer(options: options)
        let task = try ResolvedTask.sample(user: frames("work", "main"), kernel: frames("schedule"))
        let tags = text(of: &renderer, [task]).split(separator: "\n").map { $0.prefix(2) }.filter {
            $0 != "  "
        }
        #expect(tags == ["##", "#@", "##", "#~", "#~", "#*", "#^", "#^", "#^", "##"])
    }

    @Test func topOfTheDefaultReportHasTheCountInTheFirstLine() throws {
        let tasks = try [
            ResolvedTask.sample(comm: "one", user: frames("main")),
            ResolvedTask.sample(comm: "two", user: frames("work")),
            ResolvedTask.sample(comm: "three", user: frames("work")),
        ]
        let lines = try rendered(.text, tasks, top: true).split(separator: "\n").filter {
            $0.contains("CGROUP")
        }
        #expect(
            lines == [
                "##CGROUP:[/]  51666      [1]  采样命中[S]  2 tasks",
                "##CGROUP:[/]  51666      [1]  采样命中[S]  1 task",
            ])
    }

    @Test func optionsWithoutAFormAreErrors() {
        var options = ReportOptions()
        options.top = true
        #expect(throws: UnsupportedOption.self) { try ReportFormat.perf.makeRenderer(options: options) }
        options = ReportOptions()
        options.kernelFirst = true
        for format in ReportFormat.allCases where format != .text {
            #expect(throws: UnsupportedOption.self) { try format.makeRenderer(options: options) }
        }
        options = ReportOptions()
        options.hasLines = true
        #expect(throws: UnsupportedOption.self) { try ReportFormat.text.makeRenderer(options: options) }
    }
}
