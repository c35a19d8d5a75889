// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// Walks the copied user stacks of the tasks of one address space.
///
/// It goes by the unwind information (DWARF CFI) of the files that the process had mapped, and
/// without it along frame pointers. What it finds out about a function serves all tasks.
public final class StackUnwinder {
    /// Most frames of a stack that are returned.
    public static let framesMax = 1024

    private let image: ProcessImage
    private let space: UnwindSpace

    public init(image: ProcessImage) {
        self.image = image
        space = UnwindSpace()
    }

    /// The stack of a task; nil if its registers were not captured.
    public func stack(of task: CapturedTask) -> UserStack? {
        guard let registers = task.registers else { return nil }
        // Code of 32 bits has other registers and another stack layout.
        if task.flags.contains(.is32Bit) {
            return UserStack(frames: [Frame(address: registers.rip, isReturnAddress: false)], end: .is32Bit)
        }
        var frames: [Frame] = []
        var target: UnwindTarget? = UnwindTarget(registers: registers, stack: task.stack, image: image)
        while let next = target {
            target = space.walk(next, &frames, limit: Self.framesMax)
        }
        return UserStack(frames: frames, end: frames.count == Self.framesMax ? .tooDeep : .complete)
    }
}

extension ProcessImage {
    /// The code of an address space of a dump; empty if it was not recorded.
    public convenience init(_ space: AddressSpace?, files: ElfFileCache, process: LiveProcess? = nil) {
        let mappings = (space?.mappings ?? []).map { mapping in
            FileMapping(
                addresses: mapping.addresses, offset: mapping.offset, path: Array(mapping.path.bytes),
                buildID: mapping.buildID,
                identity: FileIdentity(
                    deviceMajor: mapping.deviceMajor, deviceMinor: mapping.deviceMinor, inode: mapping.inode))
        }
        self.init(mappings: mappings, files: files, process: process)
    }
}
