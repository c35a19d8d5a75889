// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData

/// The members of the objects that stand for records, in the records' order and with their names.
extension ReportBuffer {
    mutating func members(of header: RecordHeader) {
        count("sequence", header.sequence)
        count("time", header.time)
        number("cpu", header.cpu)
    }

    mutating func members(of file: RecordingFile) {
        string("release", file.machine.release)
        string("architecture", file.machine.architecture)
        string("boot_id", file.machine.bootID)
        count("realtime", file.machine.time)
        flag("cut_short", file.isCutShort)
    }

    /// What is not told is null.
    mutating func members(of profile: PerfDataFile) {
        for (key, value) in [
            ("host", profile.host.name), ("release", profile.host.release),
            ("architecture", profile.host.architecture),
            ("kernel_build_id", profile.kernelBuildID.map(hexText)),
        ] {
            if let value { string(key, value) } else { null(key) }
        }
        guard let reference = profile.kernelReference else { return null("kernel_reference") }
        object("kernel_reference") {
            $0.string("symbol", reference.symbol)
            $0.address("address", reference.address)
        }
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
        array("blocked", dump.blocked.values.sorted { $0.header.sequence < $1.header.sequence }) {
            blocked, output in
            output.object { $0.members(of: blocked) }
        }
        array("histories", dump.histories) { history, output in output.object { $0.members(of: history) } }
    }

    private mutating func members(of hit: Hit) {
        members(of: hit.header)
        count("watch", hit.watchID)
        text("name", hit.name)
        number("pid", hit.pid)
        address("address", hit.address)
        number("length", hit.length)
        members(of: hit.kind, hit.comparison)
        flag("has_rearm", hit.hasRearm)
        string("value", hit.kind.text(hit.value))
        string("threshold", hit.thresholdText)
        count("muted_ticks", hit.mutedTicks)
        count("interval", hit.interval)
        count("tick_time", hit.tickTime)
        count("tick_realtime", hit.tickRealtime)
        number("tick_cpu", hit.tickCPU)
        address("running_address", hit.runningAddress)
        number("running_pid", hit.runningPID)
        text("running_comm", hit.runningComm)
        if let condition = hit.condition { object("condition") { $0.members(of: condition, hit.kind) } }
    }

    private mutating func members(of condition: Condition, _ kind: NumberKind) {
        members(of: condition.header)
        string("high", kind.text(condition.high))
        string("rearm", kind.text(condition.rearm))
        number("ticks", condition.ticks)
        number("ticks_held", condition.ticksHeld)
        if let previous = condition.previous {
            object("previous") {
                $0.string("value", kind.text(previous.value))
                $0.count("time", previous.time)
                $0.count("unchanged", previous.unchanged)
            }
        } else {
            null("previous")
        }
    }

    private mutating func members(of history: History) {
        members(of: history.header)
        count("watch", history.watchID)
        text("name", history.name)
        number("pid", history.pid)
        address("address", history.address)
        number("length", history.length)
        members(of: history.kind, history.comparison)
        flag("has_rearm", history.hasRearm)
        count("interval", history.interval)
        count("samples_before", history.samplesBefore)
        array("times", history.samples) { sample, output in output.string(nil, String(sample.time)) }
        array("values", history.samples) { sample, output in
            output.string(nil, history.kind.text(sample.value))
        }
    }

    private mutating func members(of kind: NumberKind, _ comparison: Comparison) {
        flag("unsigned", kind == .unsigned)
        flag("float", kind == .float || kind == .double)
        string("comparison", comparison.jsonName)
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

    /// - Parameter dump: 0 for one of a profile.
    mutating func members(of space: AddressSpace, inDump dump: UInt64) {
        count("dump", dump)
        count("number", space.number)
        number("tgid", space.tgid)
        flag("busy", space.isBusy)
        flag("truncated", space.isTruncated)
        array("records", space.headers) { header, output in output.object { $0.members(of: header) } }
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

extension Comparison {
    fileprivate var jsonName: String {
        switch self {
        case .greater: "greater"
        case .less: "less"
        case .equal: "equal"
        case .notEqual: "not_equal"
        case .outside: "outside"
        case .changed: "changed"
        case .changedBy: "changed_by"
        case .unchanged: "unchanged"
        case .anyBits: "any_bits"
        case .allBits: "all_bits"
        case .other(let number): "unknown \(number)"
        }
    }
}
