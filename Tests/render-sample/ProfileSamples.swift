// SPDX-License-Identifier: Apache-2.0
import PerfData
import RecordWriting
import Reports

/// Samples of a profile, which belong to no dump: two events of one thread.
func profileSample() -> Sample {
    var sample = Sample()
    var frames = FrameMaker()
    sample.add { $0.dumpID = 0 }
    for (event, period, count) in [("cpu-clock", 1_000_000, 3), ("context-switches", 1, 2)]
        as [(String, UInt64, Int)]
    {
        let user = ["spin", "main", "_start"].map { frames.user($0, "/home/me/rec") }
        for _ in 0..<count {
            sample.task(
                pid: 11, tgid: 10, comm: Array("rec".utf8), state: "R",
                .init(user: user, end: .complete, event: SampledEvent(name: event, period: period)))
        }
    }
    return sample
}

/// A deep recursion in many threads, to measure with: 4,000 stacks of 45 frames.
func deepSample() -> Sample {
    var sample = Sample()
    var frames = FrameMaker()
    let kernel = ["schedule", "do_nanosleep", "hrtimer_nanosleep", "common_nsleep", "do_syscall_64"].map {
        frames.kernel($0)
    }
    let recursion = (0..<37).map {
        frames.user($0.isMultiple(of: 2) ? "fb" : "fa", "/tmp/perf/rec", at: 0x10 + $0 % 4)
    }
    let user =
        [frames.user("clock_nanosleep", "/usr/lib/x86_64-linux-gnu/libc.so.6")] + recursion
        + ["start_thread", "clone3"].map { frames.user($0, "/usr/lib/x86_64-linux-gnu/libc.so.6") }
    sample.add { $0.begin() }
    for thread in 0..<4000 as Range<UInt32> {
        sample.task(
            pid: 1000 + thread, tgid: 1000, comm: Array("rec".utf8), state: "S",
            .init(user: user, end: .complete, kernel: kernel))
    }
    sample.add { $0.end(captured: 4000) }
    return sample
}
