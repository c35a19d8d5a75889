// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// The members of the objects that stand for records, in the records' order and with their names.
extension ReportBuffer {
    mutating func members(of header: RecordHeader) {
        count("sequence", header.sequence)
        count("time", header.time)
        number("cpu", header.cpu)
    }

    mutating func members(of dump: Dump) {
        count("dump", dump.id)
        count("first_sequence", dump.firstSequence)
        if let begin = dump.begin {
            object("begin") {
                $0.members(of: begin.header)
                $0.count("realtime", begin.realtime)
                $0.number("reasons", begin.reasons.rawValue)
                $0.number("hits", begin.hits)
            }
        } else {
            null("begin")
        }
        array("hits", dump.hits) { hit, output in output.object { $0.members(of: hit) } }
        array("hangs", dump.hangs) { hang, output in output.object { $0.members(of: hang) } }
    }

    private mutating func members(of hit: Hit) {
        members(of: hit.header)
        count("watch", hit.watchID)
        text("name", hit.name)
        number("pid", hit.pid)
        address("address", hit.address)
        number("length", hit.length)
        flag("unsigned", hit.isUnsigned)
        string("comparison", hit.isLess ? "less" : "greater")
        string("value", hit.decimal(hit.value))
        string("threshold", hit.decimal(hit.threshold))
        count("muted_ticks", hit.mutedTicks)
        count("interval", hit.interval)
        count("tick_time", hit.tickTime)
        count("tick_realtime", hit.tickRealtime)
        number("tick_cpu", hit.tickCPU)
        address("running_address", hit.runningAddress)
        number("running_pid", hit.runningPID)
        text("running_comm", hit.runningComm)
    }

    private mutating func members(of hang: Hang) {
        members(of: hang.header)
        number("tgid", hang.tgid)
        number("pid", hang.pid)
        count("start_time", hang.startTime)
        text("comm", hang.comm)
    }

    mutating func members(of process: CapturedProcess) {
        count("dump", process.header.dumpID)
        members(of: process.header)
        number("pid", process.pid)
        number("parent_pid", process.parentPID)
        count("start_time", process.startTime)
        text("comm", process.comm)
        array("arguments", process.arguments) { argument, output in output.text(nil, argument) }
    }

    mutating func members(of space: AddressSpace, in dump: Dump) {
        count("dump", dump.id)
        count("number", space.number)
        number("tgid", space.tgid)
        flag("busy", space.isBusy)
        flag("truncated", space.isTruncated)
        array("mappings", space.mappings) { mapping, output in
            output.object {
                $0.address("start", mapping.addresses.lowerBound)
                $0.address("end", mapping.addresses.upperBound)
                $0.address("offset", mapping.offset)
                $0.count("inode", mapping.inode)
                $0.number("device_major", mapping.deviceMajor)
                $0.number("device_minor", mapping.deviceMinor)
                $0.hex("build_id", mapping.buildID)
                $0.text("path", mapping.path)
            }
        }
    }

    /// All of a task but its frames.
    mutating func members(of resolved: ResolvedTask) {
        let task = resolved.task
        count("dump", task.header.dumpID)
        number("number", UInt64(resolved.number))
        members(of: task.header)
        if let event = resolved.event {
            object("sample") {
                $0.string("event", event.name)
                $0.count("period", event.period)
            }
        }
        number("tgid", task.tgid)
        number("pid", task.pid)
        count("start_time", task.startTime)
        text("comm", task.comm)
        string("state", String(UnicodeScalar(task.state)))
        number("flags", task.flags.rawValue)
        count("address_space", task.addressSpace)
        address("wait_channel", task.waitChannel)
        text("cgroup", task.cgroup)
        array("chain", resolved.chain) { process, output in output.element(process.pid) }
        if let registers = task.registers {
            object("registers") { $0.members(of: registers) }
        } else {
            null("registers")
        }
        object("stack") {
            $0.address("start", task.stack.start)
            $0.number("missing_pages", task.stack.missingPages)
            $0.base64("bytes", task.stack.bytes)
        }
        array("kernel_addresses", task.kernelFrames) { address, output in output.address(nil, address) }
    }

    private mutating func members(of registers: Registers) {
        for (name, value) in [
            ("rax", registers.rax), ("rbx", registers.rbx), ("rcx", registers.rcx), ("rdx", registers.rdx),
            ("rsi", registers.rsi), ("rdi", registers.rdi), ("rbp", registers.rbp), ("rsp", registers.rsp),
            ("r8", registers.r8), ("r9", registers.r9), ("r10", registers.r10), ("r11", registers.r11),
            ("r12", registers.r12), ("r13", registers.r13), ("r14", registers.r14), ("r15", registers.r15),
            ("rip", registers.rip), ("eflags", registers.eflags), ("cs", registers.cs), ("ss", registers.ss),
            ("orig_rax", registers.origRax),
        ] {
            address(name, value)
        }
    }

    mutating func members(of end: DumpEnd) {
        members(of: end.header)
        count("first_capture", end.firstCapture)
        count("last_capture", end.lastCapture)
        count("duration", end.duration)
        number("tasks_seen", end.tasksSeen)
        number("tasks_captured", end.tasksCaptured)
        number("skipped_limit", end.skippedLimit)
        number("skipped_time", end.skippedTime)
        number("skipped_exited", end.skippedExited)
        number("skipped_full", end.skippedFull)
    }

    mutating func members(of end: WatchEnd) {
        members(of: end.header)
        count("watch", end.watchID)
        text("name", end.name)
        number("pid", end.pid)
        address("address", end.address)
        switch end.reason {
        case .unmapped: string("reason", "unmapped")
        case .exited: string("reason", "exited")
        case .noMemory: string("reason", "no_memory")
        case .other(let number): self.number("reason", number)
        }
    }

    mutating func members(of loss: LostRecords) {
        members(of: loss.header)
        count("count", loss.count)
        count("first_sequence", loss.sequences.lowerBound)
        count("last_sequence", loss.sequences.upperBound)
    }
}
