// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import SourceLines
import StackUnwinding
import Symbolisation
import Testing

@testable import Reports

@Suite struct PlainReportTests {
    private let frames = Frames("main", "work", "schedule")

    @Test func aTask() throws {
        var user = frames("work", "main")
        user[0].sources = [
            SourceFrame(function: "inlined", file: "/src/a.h", line: 3),
            SourceFrame(function: "work", file: "/src/a.c", line: 0),
        ]
        let task = try ResolvedTask.sample(user: user, kernel: frames("schedule"), end: .truncated)
        #expect(
            try rendered(.plain, [task]) == """
                Task 51666 userstack, sleeping
                  cgroup   /
                  command  ./build/userstack
                  started by /bin/bash --login (7), by [kthreadd] (2)
                  in the kernel
                    schedule+0x18
                  in the program
                    inlined  /src/a.h:3, inlined
                    work+0x18  /src/a.c
                    main+0x18
                    … the stack was longer than its copy

                """)
    }

    @Test func filesThatChangedAreNamedOnce() throws {
        let changed = MappedFile(path: Array("/bin/x\n".utf8), buildID: [], state: .changed)
        let task = try ResolvedTask.sample(user: frames("?", "?", file: changed))
        let text = try rendered(.plain, [task, task])
        #expect(
            text.hasSuffix(
                "    0x7000f018  x?\n\nChanged since, and therefore not used for names:\n  /bin/x?\n"))
    }

    @Test func colourOnlyWhenAsked() throws {
        var options = ReportOptions()
        let task = try ResolvedTask.sample(comm: "\u{1b}[31mred", user: frames("main"))
        var renderer = try ReportFormat.plain.makeRenderer(options: options)
        #expect(!text(of: &renderer, [task]).contains("\u{1b}"))
        options.hasColour = true
        renderer = try ReportFormat.plain.makeRenderer(options: options)
        let coloured = text(of: &renderer, [task])
        #expect(coloured.hasPrefix("\u{1b}[1mTask 51666 ?[31mred\u{1b}[0m, sleeping\n"))
        #expect(coloured.contains("\u{1b}[33m    main+0x18\u{1b}[0m\n"))
    }

    @Test func topTalliesNamesAndStates() throws {
        let tasks = try ["a", "b", "b"].map { try ResolvedTask.sample(comm: $0, user: frames("main")) }
        #expect(
            try rendered(.plain, tasks, top: true).hasPrefix(
                "3 tasks: 3 sleeping\n  of 2 b, a\n  in the program\n"))
        let sample = try ResolvedTask.sample(
            comm: "b", user: frames("main"), event: SampledEvent(name: "cpu-clock", period: 1))
        #expect(try rendered(.plain, [sample], top: true).hasPrefix("1 sample: "))
        #expect(try rendered(.plain, [sample, sample], top: true).hasPrefix("2 samples: "))
    }

    @Test func shortfallsAreCounted() throws {
        var shortfalls = Shortfalls()
        #expect(shortfalls.summary == nil)
        let changed = MappedFile(path: Array("/bin/x".utf8), buildID: [], state: .changed)
        for end in [.complete, .truncated, .truncated, .is32Bit] as [UserStack.End] {
            shortfalls.count(
                try .sample(user: frames("main", "?", file: changed), kernel: frames("?"), end: end))
        }
        #expect(
            shortfalls.summary
                == "2 stacks longer than their copies, 1 stack of 32-bit code not unwound, 8 frames without a name, 1 file changed since"
        )
    }
}
