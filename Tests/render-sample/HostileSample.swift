// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Reports
import SourceLines
import Symbolisation

/// Two small dumps with all kinds of records, and with names that try to break a report.
func hostileSample() -> Sample {
    var sample = Sample()
    var frames = FrameMaker()
    sample.add { writer in
        writer.begin(realtime: 1_701_141_698_684_973_655, hits: 2)
        writer.append(VMON_RECORD_HIT, hit("temp", value: 151, threshold: 150))
        writer.append(VMON_RECORD_HIT, hit("low;\"<\u{1b}", value: -3, threshold: -2, VMON_LESS))
        mappings(&writer)
        processes(&writer)
    }
    sample.task(
        pid: 51666, tgid: 51666, comm: Array("userstack".utf8), state: "S", flags: VMON_TASK_HIT.rawValue,
        addressSpace: 1, stack: Array(0...255),
        .init(user: userstack(&frames), end: .complete, kernel: sleeping(&frames)))
    sample.task(
        pid: 700, tgid: 70, comm: Array("a;b (c) 1/2 [x]".utf8), state: "D", cgroup: "/x;y\n<script>",
        .init(
            user: [
                frames.user("operator<(a;_b)", "/opt/my app (1)/x;y"),
                frames.user(nil, [0x2f, 0xff, 0x0a, 0x22], at: 0x44, state: .changed),
            ], end: .truncated, kernel: [frames.kernel("ext4_read", module: "ext4"), frames.kernel(nil)]))
    sample.task(
        pid: 701, tgid: 70, comm: [0x23, 0xff, 0xfe, 0x0a, 0x22, 0x5c, 0x3c], state: "R",
        .init(user: [frames.user("main;</script>\u{202e}", "/bin/x")], end: .unreadable))
    sample.task(
        pid: 9, tgid: 9, comm: [], state: "I", flags: VMON_TASK_KERNEL_THREAD.rawValue,
        .init(kernel: [frames.kernel("worker_thread"), frames.kernel("kthread")]))
    sample.task(
        pid: 32, tgid: 32, comm: Array("old".utf8), state: "S", flags: VMON_TASK_32BIT.rawValue,
        .init(user: [frames.user("poll", "/lib/libc.so.6")], end: .is32Bit))
    sample.add { writer in
        writer.end(captured: 5)
        writer.dumpID = 2
        writer.begin(realtime: 1_701_141_700_000_000_000)
        var hang = vmon_hang()
        (hang.pid, hang.tgid, hang.comm) = (9, 9, fixed("khungtaskd"))
        let load = hit("load", value: bits(0.75), threshold: bits(0.5), flags: VMON_WATCH_FLOAT)
        writer.append(VMON_RECORD_HIT, load)
        var condition = vmon_condition()
        (condition.watch_id, condition.ticks, condition.ticks_held) = (1, 2, 2)
        (condition.previous, condition.previous_ns) = (UInt64(bitPattern: bits(0.625)), 30)
        condition.known = VMON_KNOWN_PREVIOUS.rawValue
        writer.append(VMON_RECORD_CONDITION, condition)
        writer.append(VMON_RECORD_HANG, hang)
        history(&writer)
        var blocked = vmon_blocked()
        (blocked.pid, blocked.kind, blocked.lock) = (9, VMON_LOCK_MUTEX.rawValue, 0xffff_8880_0000_1000)
        (blocked.flags, blocked.owner_pid, blocked.owner_tgid) = (VMON_BLOCKED_OWNER.rawValue, 51666, 51666)
        blocked.owner_comm = fixed("userstack")
        writer.append(VMON_RECORD_BLOCKED, blocked)
    }
    sample.task(
        pid: 51666, tgid: 51666, comm: Array("userstack".utf8), state: "S",
        .init(user: userstack(&frames), end: .complete, kernel: sleeping(&frames)))
    sample.add { notices(&$0) }
    return sample
}

private func userstack(_ frames: inout FrameMaker) -> [NamedFrame] {
    let program = "/home/me/userstack"
    let line = SourceFrame(function: "customFunction1", file: "/src/user stack.c", line: 12)
    let inlined = SourceFrame(function: "pause_a_little", file: "/src/pause.h", line: 3)
    return [
        frames.user("clock_nanosleep", "/lib/libc.so.6"),
        frames.user("customFunction1", program, sources: [inlined, line]),
        frames.user("customFunction2", program),
        frames.user("_start", program),
    ]
}

private func sleeping(_ frames: inout FrameMaker) -> [NamedFrame] {
    ["schedule", "do_nanosleep", "__x64_sys_clock_nanosleep", "do_syscall_64"].map { frames.kernel($0) }
}

private func hit(
    _ name: String, value: Int64, threshold: Int64, _ comparison: vmon_comparison = VMON_GREATER,
    flags: vmon_watch_flags? = nil
) -> vmon_hit {
    var hit = vmon_hit()
    hit.watch_id = 1
    hit.pid = 51666
    hit.name = fixed(name)
    hit.value = UInt64(bitPattern: value)
    hit.threshold = UInt64(bitPattern: threshold)
    hit.comparison = UInt8(comparison.rawValue)
    hit.flags = UInt8(flags?.rawValue ?? 0)
    hit.length = 8
    hit.address = 0x60_1050
    hit.running_comm = fixed("swapper/0")
    hit.tick_realtime_ns = 1_701_141_698_684_973_655
    return hit
}

private func bits(_ number: Double) -> Int64 { Int64(bitPattern: number.bitPattern) }

private func history(_ writer: inout RecordWriter) {
    let values = [0.125, 0.25, 0.25, .nan, 0.625, 0.75]
    var history = vmon_history()
    (history.watch_id, history.pid, history.count) = (1, 51666, UInt32(values.count))
    (history.length, history.flags) = (8, UInt8(VMON_WATCH_FLOAT.rawValue))
    history.name = fixed("load")
    writer.append(
        VMON_RECORD_HISTORY, history,
        parts: values.enumerated().map {
            bytesOf(vmon_sample(time_ns: UInt64($0) * 10, value: $1.bitPattern))
        })
}

private func mappings(_ writer: inout RecordWriter) {
    var mapping = vmon_mapping()
    mapping.start = 0x5555_0000_0000
    mapping.end = 0x5555_0001_0000
    mapping.inode = 77
    mapping.build_id = fixed([0xbe, 0xef])
    mapping.build_id_bytes = 2
    writer.mappings(
        addressSpace: 1, tgid: 51666,
        [(mapping, path: Array("/home/me/userstack".utf8)), (mapping, path: [0x2f, 0xff])])
}

private func processes(_ writer: inout RecordWriter) {
    writer.process(
        pid: 51666, parent: 7, comm: "userstack", commandLine: Array("./userstack\0a b\0\n;\0".utf8))
    writer.process(pid: 7, parent: 0, comm: "bash", commandLine: [0xff, 0x22, 0x00, 0x3c])
    writer.process(pid: 70, parent: 7, comm: "x", commandLine: [])
}

private func notices(_ writer: inout RecordWriter) {
    var end = vmon_watch_end()
    (end.watch_id, end.pid, end.name, end.reason) = (3, 42, fixed("temp"), VMON_END_EXITED.rawValue)
    writer.append(VMON_RECORD_WATCH_END, end)
    writer.sequence += 4
    var lost = vmon_lost()
    (lost.count, lost.last_sequence) = (2, writer.sequence - 1)
    lost.first_sequence = lost.last_sequence - 1
    writer.append(VMON_RECORD_LOST, lost)
    writer.append(VMON_RECORD_TASK, vmon_lost())
}
