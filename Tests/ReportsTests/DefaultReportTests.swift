// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import Testing

@testable import Reports

/// Programs parse this report: every byte of its fixed parts counts.
@Suite struct DefaultReportTests {
    private func text(_ resolved: ResolvedTask, kernelFirst: Bool = false) -> String {
        var output = ReportBuffer()
        var report = DefaultReport(kernelFirst: kernelFirst)
        report.write(resolved, to: &output)
        return String(decoding: output.bytes, as: UTF8.self)
    }

    @Test func aWholeTask() throws {
        let frames = [
            NamedFrame(address: 0x7f07_1c72_0838, name: "__GI___nanosleep"),
            NamedFrame(address: 0x7f07_1c72_076e, name: nil),
            NamedFrame(address: 0x400a08, name: "customFunction1"),
        ]
        let resolved = try SampleTask.resolved(SampleTask.dump(), userFrames: frames)
        #expect(
            text(resolved) == """
                ##CGROUP:[/]  51666      [510]  采样命中[S]
                    进程信息: [/ / userstack], PID: 51666 / 51666
                ##C++ pid 51666
                    用户态堆栈SP:7ffcd5822298, BP:2, IP:7f071c720838
                #~        0x7f071c720838 __GI___nanosleep ([symbol])
                #~        0x7f071c72076e UNKNOWN ([symbol])
                #~        0x400a08 customFunction1 ([symbol])
                    内核态堆栈:
                #@        0xffffffff811730dd hrtimer_nanosleep ([kernel.kallsyms])
                #@        0xffffffff811733a6 UNKNOWN ([kernel.kallsyms])
                #*        0xffffffffffffff userstack (UNKNOWN)
                    进程链信息:
                #^        0xffffffffffffff ./build/userstack (UNKNOWN)
                #^        0xffffffffffffff /bin/bash --login (UNKNOWN)
                #^        0xffffffffffffff [kthreadd] (UNKNOWN)
                ##

                """)
    }

    @Test func aKernelThreadHasNoUserSection() throws {
        let resolved = try SampleTask.resolved(
            SampleTask.dump(comm: "kworker/0:1", flags: VMON_TASK_KERNEL_THREAD, commandLine: ""))
        #expect(
            text(resolved) == """
                ##CGROUP:[/]  51666      [510]  采样命中[S]
                    进程信息: [/ / kworker/0:1], PID: 51666 / 51666
                    内核态堆栈:
                #@        0xffffffff811730dd hrtimer_nanosleep ([kernel.kallsyms])
                #@        0xffffffff811733a6 UNKNOWN ([kernel.kallsyms])
                #*        0xffffffffffffff kworker/0:1 (UNKNOWN)
                    进程链信息:
                #^        0xffffffffffffff [kworker/0:1] (UNKNOWN)
                #^        0xffffffffffffff /bin/bash --login (UNKNOWN)
                #^        0xffffffffffffff [kthreadd] (UNKNOWN)
                ##

                """)
    }

    /// A program that names itself "##" must not end a task, nor begin one.
    @Test func hostileNames() throws {
        let dump = try SampleTask.dump(
            comm: "a\n##\n\u{1b}[2J", cgroup: "/x\n##CGROUP:",
            commandLine: "evil\n##\n\0\u{85}\u{2028}\u{202e}b\r\0")
        let frames = [NamedFrame(address: 1, name: "f\n##\t\u{7f}")]
        let lines = text(try SampleTask.resolved(dump, userFrames: frames)).split(separator: "\n")
        #expect(lines.count == 14)
        #expect(
            lines.filter { $0.hasPrefix("##") } == [
                "##CGROUP:[/x?##CGROUP:]  51666      [510]  采样命中[S]", "##C++ pid 51666", "##",
            ])
        #expect(lines.contains("#*        0xffffffffffffff a?##??[2J (UNKNOWN)"))
        #expect(lines.contains("#^        0xffffffffffffff evil?##? ???b? (UNKNOWN)"))
        #expect(lines.contains("#~        0x1 f?##?? ([symbol])"))
    }

    @Test func namesOfAnyLanguageStay() throws {
        let dump = try SampleTask.dump(comm: "守护进程é")
        #expect(text(try SampleTask.resolved(dump)).contains("#*        0xffffffffffffff 守护进程é (UNKNOWN)\n"))
    }
}
