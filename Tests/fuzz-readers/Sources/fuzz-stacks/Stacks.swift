// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import FuzzInput
import RecordWriting
import StackUnwinding
import Symbolisation

/// A task whose stack, registers and mappings the input tells, and one of whose files is in it.
///
/// An input is, with all integers in the byte order of the machine:
///
/// | what | bytes |
/// |---|---|
/// | the registers, a `struct vmon_registers` | 168 |
/// | which pages of the stack's copy are missing | 4 |
/// | length of the stack | 2 |
/// | number of mappings, of which at most 8 count | 1 |
/// | each mapping: start, length, offset in its file, which file | 8, 4, 4, 1 |
/// | the stack; its copy begins where the stack pointer points | as told |
/// | an ELF file | the rest |
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStacks(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        var input = FuzzInput(bytes)
        var task = vmon_task()
        let registers = Array(input.take(count: MemoryLayout<vmon_registers>.size))
        task.registers = fixed(registers)
        task.flags = VMON_TASK_REGISTERS.rawValue
        task.stack_start = task.registers.rsp
        task.stack_missing = input.take()
        let stackSize = Int(input.take(UInt16.self))
        let mappings = (0..<min(input.take(UInt8.self), 8)).map { _ in MappingChoice(&input) }
        let stack = Array(input.take(count: stackSize))

        let made = MappableFile(contents: input.rest)
        let libc = MappableFile(path: "/lib/x86_64-linux-gnu/libc.so.6")
        let program = MappableFile(path: "/proc/self/exe")
        let image = ProcessImage(
            mappings: mappings.compactMap { choice in
                switch choice.file & 3 {
                case 0: choice.mapping(of: made)
                case 1: choice.mapping(of: libc)
                case 2: choice.mapping(of: program)
                default: choice.vdso
                }
            }, files: ElfFileCache())
        unwind(record(of: task, stack), in: image)
    }
}

/// A part of a file in memory, still to be told which file it is of.
private struct MappingChoice {
    let addresses: Range<UInt64>
    let offset: UInt64
    let file: UInt8

    init(_ input: inout FuzzInput) {
        let start = input.take(UInt64.self)
        let length = UInt64(input.take(UInt32.self)) + 1
        addresses = start..<max(start, start &+ length)
        offset = UInt64(input.take(UInt32.self))
        file = input.take()
    }

    func mapping(of file: borrowing MappableFile) -> FileMapping? {
        // Records without a byte in a mapping are not read at all.
        addresses.isEmpty ? nil : file.mapping(at: addresses, offset: offset)
    }

    var vdso: FileMapping? {
        guard !addresses.isEmpty else { return nil }
        return FileMapping(
            addresses: addresses, offset: 0, path: Array("[vdso]".utf8), buildID: [],
            identity: FileIdentity(deviceMajor: 0, deviceMinor: 0, inode: 0))
    }
}

private func record(of task: vmon_task, _ stack: [UInt8]) -> CapturedTask? {
    var writer = RecordWriter()
    writer.task(task, stack: stack)
    var recording = Recording()
    recording.append(writer.bytes)
    return recording.dumps.first?.tasks.first
}

private func unwind(_ task: CapturedTask?, in image: ProcessImage) {
    // A stack that goes around the end of memory is no valid record.
    guard let task else { return }
    let unwinder = StackUnwinder(image: image)
    let first = unwinder.stack(of: task)
    let frames = first?.frames.count ?? 0
    require(frames > 0 && frames <= StackUnwinder.framesMax, "\(frames) frames")
    // What the first walk left in caches changes nothing.
    require(unwinder.stack(of: task) == first, "another stack the second time")
}
