// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// Walks the copied user stacks of the tasks of one address space.
///
/// It goes by the call-frame information (DWARF CFI) of the files that the process had mapped, and
/// without it along frame pointers. What is found out about a file's functions serves all processes
/// that have it mapped; what cannot be read here is left to libunwind.
public final class StackUnwinder {
    /// Most frames of a stack that are returned.
    public static let framesMax = 1024

    enum Method {
        /// By rows of call-frame information, and by libunwind where these end.
        case rows
        /// By libunwind alone, which tests compare with.
        case libunwind
    }

    private let image: ProcessImage
    private let method: Method
    private var code: CodeMap
    private var space: UnwindSpace?
    /// Reused for each stack, so that only results are allocated.
    private var frames: [Frame] = []

    public convenience init(image: ProcessImage) {
        self.init(image: image, method: .rows)
    }

    init(image: ProcessImage, method: Method) {
        self.image = image
        self.method = method
        code = CodeMap(image)
        frames.reserveCapacity(Self.framesMax)
    }

    /// The stack of a task; nil if its registers were not captured.
    public func stack(of task: CapturedTask) -> UserStack? {
        guard let registers = task.registers else { return nil }
        // Code of 32 bits has other registers and another stack layout.
        if task.flags.contains(.is32Bit) {
            return UserStack(frames: [Frame(address: registers.rip, isReturnAddress: false)], end: .is32Bit)
        }
        frames.removeAll(keepingCapacity: true)
        let end =
            method == .rows ? walkByRows(task, registers) : walkByLibunwind(task, registers, isCaller: false)
        // A copy of the right size; the array itself is reused.
        return UserStack(frames: frames.map { $0 }, end: end)
    }

    private func walkByRows(_ task: CapturedTask, _ registers: Registers) -> UserStack.End {
        let isTruncated = task.flags.contains(.userTruncated)
        let (walk, stop) = StackWords.with(task.stack, isTruncated: isTruncated) { stack in
            var walk = StackWalk(registers: registers.values, stack: stack)
            let stop = walk.run(&frames, &code, limit: Self.framesMax)
            return (walk, stop)
        }
        switch stop {
        case .end(let end): return end
        case .unreadableRules:
            return walkByLibunwind(task, registers.with(walk.registers), isCaller: walk.isCaller)
        }
    }

    private func walkByLibunwind(_ task: CapturedTask, _ registers: Registers, isCaller: Bool)
        -> UserStack.End
    {
        var target = UnwindTarget(
            registers: registers, stack: task.stack, image: image, beginsAtReturnAddress: isCaller,
            isTruncated: task.flags.contains(.userTruncated))
        // Most processes never need it.
        if space == nil { space = UnwindSpace() }
        while true {
            switch space!.walk(target, &frames, limit: Self.framesMax) {
            case .end(let end): return end
            case .goOn(let next): target = next
            }
        }
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
