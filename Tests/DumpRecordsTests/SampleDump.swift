// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting

/// A dump with a record of every type, each with all that can follow its struct.
enum SampleDump {
    static let kernelFrames: [UInt64] = [0xffff_ffff_8115_614e, 0xffff_ffff_81a3_8bdd]
    static let stack = (0..<100).map { UInt8($0) }

    static let recordCount = 12

    static var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.begin(realtime: 1_701_141_698_684_973_655, hits: 1)
        writer.append(VMON_RECORD_HIT, hit)
        writer.append(VMON_RECORD_CONDITION, condition)
        writer.append(VMON_RECORD_HANG, hang)
        writer.append(VMON_RECORD_HISTORY, history, parts: [bytesOf(samples[0]), bytesOf(samples[1])])
        writer.task(task, kernelFrames: kernelFrames, stack: stack, cgroup: "/user.slice")
        writer.append(VMON_RECORD_BLOCKED, blocked)
        writer.mappings(
            addressSpace: 1, tgid: 42, [(mapping, path: Array("/usr/bin/a b".utf8)), (mapping, path: [])])
        writer.process(
            pid: 42, parent: 1, comm: "userstack", commandLine: Array("./userstack\0-x\0\0y\0".utf8))
        writer.append(VMON_RECORD_LOST, lost)
        writer.append(VMON_RECORD_WATCH_END, watchEnd)
        writer.end(captured: 1)
        return writer.bytes
    }

    static var hit: vmon_hit {
        var hit = vmon_hit()
        hit.watch_id = 7
        hit.address = 0x5000
        hit.value = UInt64(bitPattern: -3)
        hit.threshold = 2
        hit.muted_ticks = 17
        hit.interval_ns = 10_000
        hit.tick_ns = 11
        hit.tick_realtime_ns = 12
        hit.running_ip = 13
        hit.running_pid = 14
        hit.tick_cpu = 3
        hit.pid = 42
        hit.length = 4
        hit.comparison = UInt8(VMON_LESS.rawValue)
        hit.name = fixed("temp")
        hit.running_comm = fixed("sixteen bytes ok")
        return hit
    }

    static var condition: vmon_condition {
        var condition = vmon_condition()
        condition.watch_id = 7
        condition.high = 9
        condition.rearm = UInt64(bitPattern: -1)
        condition.previous = UInt64(bitPattern: -2)
        condition.previous_ns = 10
        condition.unchanged_ns = 500
        condition.ticks = 3
        condition.ticks_held = 4
        condition.known = VMON_KNOWN_PREVIOUS.rawValue
        return condition
    }

    static let samples = [
        vmon_sample(time_ns: 10, value: UInt64(bitPattern: -2)),
        vmon_sample(time_ns: 11, value: UInt64(bitPattern: -3)),
    ]

    static var history: vmon_history {
        var history = vmon_history()
        history.watch_id = 7
        history.address = 0x5000
        history.interval_ns = 10_000
        history.samples_before = 5
        history.pid = 42
        history.count = 2
        history.name = fixed("temp")
        history.length = 4
        history.comparison = UInt8(VMON_LESS.rawValue)
        return history
    }

    static var hang: vmon_hang {
        var hang = vmon_hang()
        hang.start_time_ns = 31
        hang.pid = 45
        hang.tgid = 44
        hang.comm = fixed("stuck")
        return hang
    }

    static var task: vmon_task {
        var task = vmon_task()
        task.start_time_ns = 21
        task.pid = 43
        task.tgid = 42
        task.comm = fixed("worker")
        task.flags = VMON_TASK_REGISTERS.rawValue | VMON_TASK_HIT.rawValue
        task.state = UInt8(ascii: "D")
        task.address_space = 1
        task.wait_channel = 0xffff_ffff_8115_614e
        task.registers.rip = 0x7f00_0000_1234
        task.registers.rsp = 0x7ffc_0000_0ff8
        (task.registers.eflags, task.registers.cs, task.registers.ss) = (0x246, 0x33, 0x2b)
        task.registers.orig_rax = 230
        task.stack_start = 0x7ffc_0000_0ff8
        return task
    }

    static var blocked: vmon_blocked {
        var blocked = vmon_blocked()
        blocked.pid = 43
        blocked.kind = VMON_LOCK_RWSEM_WRITE.rawValue
        blocked.flags =
            [
                VMON_BLOCKED_OWNER, VMON_BLOCKED_READERS, VMON_BLOCKED_QUEUE, VMON_BLOCKED_FUTEX,
                VMON_BLOCKED_FUTEX_WORDS, VMON_BLOCKED_FUTEX_PIDS,
            ].reduce(0) { $0 | $1.rawValue }
        blocked.lock = 0xffff_8880_0000_1000
        blocked.waited_ns = 5_000_000_000
        blocked.owner_start_time_ns = 32
        blocked.owner_pid = 51
        blocked.owner_tgid = 50
        blocked.owner_comm = fixed("holder")
        blocked.readers = 2
        blocked.queue_place = 1
        blocked.waiters = 3
        blocked.futex = 0x6000
        blocked.futex_operation = 128
        blocked.futex_words = (2, 0, 51, 1)
        return blocked
    }

    static var mapping: vmon_mapping {
        var mapping = vmon_mapping()
        mapping.start = 0x40_0000
        mapping.end = 0x40_1000
        mapping.offset = 0x1000
        mapping.inode = 5
        mapping.device_major = 8
        mapping.device_minor = 1
        mapping.build_id = fixed([1, 2, 3, 4])
        mapping.build_id_bytes = 4
        return mapping
    }

    static var lost: vmon_lost {
        var lost = vmon_lost()
        lost.count = 2
        lost.first_sequence = 100
        lost.last_sequence = 101
        return lost
    }

    static var watchEnd: vmon_watch_end {
        var end = vmon_watch_end()
        end.watch_id = 7
        end.address = 0x5000
        end.pid = 42
        end.reason = VMON_END_EXITED.rawValue
        end.name = fixed("temp")
        return end
    }
}
