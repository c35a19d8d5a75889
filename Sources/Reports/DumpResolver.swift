// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import StackUnwinding
import Symbolisation

/// Unwinds the user stacks of dumps, and names what is in them.
///
/// What it has read from files and from the kernel serves all dumps.
public final class DumpResolver {
    private let files = ElfFileCache()
    private let readKernelSymbols: () -> KernelSymbols
    /// There are a few hundred thousand of them, which a dump without kernel frames does not need.
    private lazy var kernelSymbols = readKernelSymbols()

    /// - Parameter kernelSymbols: those of the kernel that made the dumps.
    public init(kernelSymbols: @escaping () -> KernelSymbols = KernelSymbols.ofRunningKernel) {
        readKernelSymbols = kernelSymbols
    }

    /// Calls `body` with each task of a dump.
    public func forEachTask(of dump: Dump, _ body: (ResolvedTask) throws -> Void) rethrows {
        var spaces: [UInt64: (image: ProcessImage, unwinder: StackUnwinder)] = [:]
        for (index, task) in dump.tasks.enumerated() {
            if spaces[task.addressSpace] == nil {
                let image = ProcessImage(dump.addressSpaces[task.addressSpace], files: files)
                spaces[task.addressSpace] = (image, StackUnwinder(image: image))
            }
            let space = spaces[task.addressSpace]!
            let stack = task.flags.contains(.kernelThread) ? nil : space.unwinder.stack(of: task)
            try body(
                ResolvedTask(
                    number: index + 1, task: task,
                    userFrames: stack?.frames.map {
                        NamedFrame(address: $0.address, location: space.image.location(of: $0.lookupAddress))
                    },
                    userEnd: stack?.end, kernelFrames: kernelFrames(of: task),
                    chain: dump.chain(of: task.tgid)))
        }
    }

    private func kernelFrames(of task: CapturedTask) -> [NamedFrame] {
        task.kernelFrames.enumerated().map { index, address in
            // All are return addresses, but the first of a task that was interrupted in the kernel.
            let isReturnAddress = index > 0 || !task.flags.contains(.onCPU)
            let lookupAddress = isReturnAddress ? address &- 1 : address
            return NamedFrame(
                address: address,
                location: CodeLocation(
                    symbol: kernelSymbols.symbol(at: lookupAddress), address: lookupAddress))
        }
    }
}
