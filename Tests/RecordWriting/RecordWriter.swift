// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// Writes records as the module does: from the C structs of the interface, one behind the other.
public struct RecordWriter {
    public private(set) var bytes: [UInt8] = []
    /// Number of the next record.
    public var sequence: UInt64 = 1
    public var dumpID: UInt64 = 1
    /// Of the records is this and their number.
    public var time: UInt64 = 1_000_000_000

    public init() {}

    /// Appends a record of a C struct, whose header is filled in, and of the parts behind it.
    public mutating func append<Body: BitwiseCopyable>(
        _ type: vmon_record_type, _ body: Body, parts: [[UInt8]] = []
    ) {
        append(type: UInt16(type.rawValue), body, parts: parts)
    }

    public mutating func append<Body: BitwiseCopyable>(type: UInt16, _ body: Body, parts: [[UInt8]] = []) {
        var payload = bytesOf(body)
        for part in parts {
            payload += part + [UInt8](repeating: 0, count: -part.count & 7)
        }
        var header = vmon_record()
        header.magic = UInt16(VMON_RECORD_MAGIC)
        header.type = type
        header.size = UInt32(payload.count)
        header.sequence = sequence
        header.time_ns = time + sequence
        header.dump_id = dumpID
        header.cpu = 1
        payload.replaceSubrange(..<MemoryLayout<vmon_record>.size, with: bytesOf(header))
        bytes += payload
        sequence += 1
    }

    public mutating func begin(realtime: UInt64 = 0, hits: Int = 0) {
        var begin = vmon_dump_begin()
        begin.realtime_ns = realtime
        begin.reason = VMON_DUMP_HIT.rawValue
        begin.hits = UInt32(hits)
        append(VMON_RECORD_DUMP_BEGIN, begin)
    }

    /// Appends a task with its kernel frames, stack and cgroup.
    public mutating func task(
        _ task: vmon_task, kernelFrames: [UInt64] = [], stack: [UInt8] = [], cgroup: String = "/"
    ) {
        var task = task
        task.kernel_frames = UInt32(kernelFrames.count)
        task.stack_bytes = UInt32(stack.count)
        task.cgroup_bytes = UInt32(cgroup.utf8.count)
        append(VMON_RECORD_TASK, task, parts: kernelFrames.map(bytesOf) + [stack, Array(cgroup.utf8)])
    }

    public mutating func process(pid: UInt32, parent: UInt32, comm: String, commandLine: [UInt8]) {
        var process = vmon_process()
        process.pid = pid
        process.parent_pid = parent
        process.comm = fixed(comm)
        process.command_line_bytes = UInt32(commandLine.count)
        append(VMON_RECORD_PROCESS, process, parts: [commandLine])
    }

    public mutating func mappings(
        addressSpace: UInt64, tgid: UInt32 = 0, flags: UInt32 = 0, _ mappings: [(vmon_mapping, path: [UInt8])]
    ) {
        var record = vmon_mappings()
        record.address_space = addressSpace
        record.tgid = tgid
        record.flags = flags
        record.count = UInt32(mappings.count)
        let parts = mappings.flatMap { mapping, path in
            var mapping = mapping
            mapping.path_bytes = UInt16(path.count)
            return [bytesOf(mapping), path]
        }
        append(VMON_RECORD_MAPPINGS, record, parts: parts)
    }

    public mutating func end(captured: Int = 0) {
        var end = vmon_dump_end()
        end.tasks_captured = UInt32(captured)
        append(VMON_RECORD_DUMP_END, end)
    }
}

/// A value as it lies in memory.
public func bytesOf<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
    unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
}

/// A C array, which Swift imports as a tuple, with text or bytes in it and zeros behind.
public func fixed<Elements: BitwiseCopyable>(_ text: String) -> Elements {
    fixed(Array(text.utf8))
}

public func fixed<Elements: BitwiseCopyable>(_ contents: [UInt8]) -> Elements {
    let size = MemoryLayout<Elements>.size
    precondition(contents.count <= size)
    let padded = contents + [UInt8](repeating: 0, count: size - contents.count)
    return unsafe padded.withUnsafeBytes { unsafe $0.loadUnaligned(as: Elements.self) }
}
