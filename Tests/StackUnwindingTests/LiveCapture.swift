// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import Glibc
import RecordWriting
import Symbolisation
import Testing

@testable import StackUnwinding

/// Captures a process as the module does, without the module: its registers with ptrace(2), the
/// rest from `/proc`. What comes out are the same records.
struct LiveCapture {
    /// Of a process, or of one of its threads.
    let pid: pid_t
    /// How much of the stack is copied, in bytes.
    var stackLimit = Int(VMON_USER_STACK_MAX)
    /// Changed build-ids stand for files that were replaced since they were mapped.
    var buildIDChange: ([UInt8]) -> [UInt8] = { $0 }

    private struct Region {
        let addresses: Range<UInt64>
        let isExecutable: Bool
        let offset: UInt64
        let device: (UInt32, UInt32)
        let inode: UInt64
        let path: String
    }

    /// A whole dump of one task.
    func records() throws -> [UInt8] {
        let registers = try registers()
        let regions = try regions()
        var writer = RecordWriter()
        writer.begin()
        writer.task(try task(registers, regions), stack: try stack(registers, regions), cgroup: "/")
        writer.mappings(addressSpace: 1, tgid: UInt32(pid), try mappings(regions))
        writer.process(
            pid: UInt32(pid), parent: UInt32(getpid()), comm: "sample",
            commandLine: try contents(of: "/proc/\(pid)/cmdline"))
        writer.end(captured: 1)
        return writer.bytes
    }

    /// The task as it is read from these records, and its code.
    ///
    /// - Parameter process: through which files are opened too.
    func captured(through process: LiveProcess? = nil) throws -> (CapturedTask, ProcessImage) {
        var recording = Recording()
        recording.append(try records())
        let dump = try #require(recording.dumps.first)
        let image = ProcessImage(dump.addressSpaces[1], files: ElfFileCache(), process: process)
        return (try #require(dump.tasks.first), image)
    }

    private func task(_ registers: vmon_registers, _ regions: [Region]) throws -> vmon_task {
        var task = vmon_task()
        task.pid = UInt32(pid)
        task.tgid = UInt32(pid)
        task.comm = fixed("sample")
        task.flags = VMON_TASK_REGISTERS.rawValue | VMON_TASK_HIT.rawValue
        task.state = UInt8(ascii: "S")
        task.address_space = 1
        task.registers = registers
        task.stack_start = registers.rsp
        let codeSegmentOf32Bits: UInt64 = 0x23
        if registers.cs == codeSegmentOf32Bits { task.flags |= VMON_TASK_32BIT.rawValue }
        if let end = stackRegion(registers, regions)?.addresses.upperBound, end - registers.rsp > stackLimit {
            task.flags |= VMON_TASK_USER_TRUNCATED.rawValue
        }
        return task
    }

    private func registers() throws -> vmon_registers {
        let attach: CInt = 16
        let getRegisters: CInt = 12
        let detach: CInt = 17
        guard ptrace(attach, pid, 0, nil) == 0 else { throw TestFailure("PTRACE_ATTACH: errno \(errno)") }
        defer { ptrace(detach, pid, 0, nil) }
        let anyThread: CInt = 0x4000_0000  // __WALL
        guard waitpid(pid, nil, anyThread) == pid else { throw TestFailure("waitpid: errno \(errno)") }
        // The order of vmon_registers is that of user_regs_struct; that has six more at its end.
        var all = [UInt64](repeating: 0, count: 27)
        guard unsafe ptrace(getRegisters, pid, 0, &all) == 0 else {
            throw TestFailure("PTRACE_GETREGS: errno \(errno)")
        }
        return fixed(all[..<21].flatMap(bytesOf))
    }

    private func stack(_ registers: vmon_registers, _ regions: [Region]) throws -> [UInt8] {
        guard let region = stackRegion(registers, regions) else {
            throw TestFailure("the stack is not mapped")
        }
        let count = min(Int(region.addresses.upperBound - registers.rsp), stackLimit)
        return try memory(at: registers.rsp, count: count)
    }

    private func stackRegion(_ registers: vmon_registers, _ regions: [Region]) -> Region? {
        regions.first { $0.addresses.contains(registers.rsp) }
    }

    private func mappings(_ regions: [Region]) throws -> [(vmon_mapping, path: [UInt8])] {
        try regions.filter { $0.isExecutable && $0.path != "[vsyscall]" }.map { region in
            var mapping = vmon_mapping()
            mapping.start = region.addresses.lowerBound
            mapping.end = region.addresses.upperBound
            mapping.offset = region.offset
            mapping.inode = region.inode
            (mapping.device_major, mapping.device_minor) = region.device
            let base = regions.last {
                $0.path == region.path && $0.offset == 0 && $0.addresses.lowerBound <= mapping.start
            }
            if let base, let buildID = try buildID(at: base.addresses.lowerBound) {
                let changed = buildIDChange(buildID)
                mapping.build_id = fixed(changed)
                mapping.build_id_bytes = UInt8(changed.count)
            }
            return (mapping, path: Array(region.path.utf8))
        }
    }

    /// From the notes of an ELF file in memory, found in its first page.
    private func buildID(at address: UInt64) throws -> [UInt8]? {
        let page = try memory(at: address, count: 4096)
        let note = ([4, 20, 3] as [UInt32]).flatMap(bytesOf) + Array("GNU\0".utf8)
        return page.indices.dropLast(note.count + 20).first { page[$0...].starts(with: note) }
            .map { Array(page[($0 + note.count)...].prefix(20)) }
    }

    private func memory(at address: UInt64, count: Int) throws -> [UInt8] {
        let file = unsafe open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw TestFailure("/proc/\(pid)/mem: errno \(errno)") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe pread(file, &bytes, count, off_t(address)) == count else {
            throw TestFailure("memory at \(address): errno \(errno)")
        }
        return bytes
    }

    /// A line is `start-end permissions offset major:minor inode path`.
    private func regions() throws -> [Region] {
        String(decoding: try contents(of: "/proc/\(pid)/maps"), as: UTF8.self).split(separator: "\n").map {
            line in
            let fields = line.split(separator: " ", maxSplits: 5)
            let range = fields[0].split(separator: "-").map { UInt64($0, radix: 16)! }
            let device = fields[3].split(separator: ":").map { UInt32($0, radix: 16)! }
            return Region(
                addresses: range[0]..<range[1], isExecutable: fields[1].contains("x"),
                offset: UInt64(fields[2], radix: 16)!, device: (device[0], device[1]),
                inode: UInt64(fields[4])!,
                path: fields.count > 5 ? String(fields[5].drop { $0 == " " }) : "")
        }
    }
}

/// ptrace(2), which is variadic in C and so not imported; all its arguments are passed as integers.
@_silgen_name("ptrace")
@discardableResult
private func ptrace(_ request: CInt, _ pid: pid_t, _ address: UInt, _ data: UnsafeMutableRawPointer?) -> CLong
