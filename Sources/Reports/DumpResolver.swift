// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import SourceLines
import StackUnwinding
import Symbolisation

/// Unwinds the user stacks of dumps, and names what is in them.
///
/// What it has read from files and from the kernel serves all dumps.
public final class DumpResolver {
    public struct Options: Sendable {
        /// Whether frames get their lines of source code.
        public var showsSourceLines = false
        /// A folder with the files of the machine that was dumped; nil for this machine's own.
        public var sysroot: String?

        public init() {}
    }

    private let files: ElfFileCache
    private let sourceLines: SourceLines?
    private let readKernelSymbols: () -> KernelSymbols
    /// There are a few hundred thousand of them, which a dump without kernel frames does not need.
    private lazy var kernelSymbols = readKernelSymbols()

    /// - Parameter kernelSymbols: those of the kernel that made the dumps.
    public init(
        options: Options = Options(),
        kernelSymbols: @escaping () -> KernelSymbols = { KernelSymbols.ofRunningKernel() }
    ) {
        files = ElfFileCache(sysroot: options.sysroot, forgetsPages: !options.showsSourceLines)
        sourceLines = options.showsSourceLines ? SourceLines() : nil
        readKernelSymbols = kernelSymbols
    }

    /// Calls `body` with each task of a dump that is wanted.
    public func forEachTask(
        of dump: Dump, where isWanted: (CapturedTask) -> Bool = { _ in true },
        _ body: (ResolvedTask) throws -> Void
    ) rethrows {
        var spaces: [UInt64: CodeSpace] = [:]
        for (index, task) in dump.tasks.enumerated() where isWanted(task) {
            if spaces[task.addressSpace] == nil {
                let image = image(of: task, in: dump)
                spaces[task.addressSpace] = CodeSpace(image)
            }
            var resolved = resolve(task, number: index + 1, in: spaces[task.addressSpace]!)
            resolved.chain = dump.chain(of: task.tgid)
            try body(resolved)
        }
    }

    /// Calls `body` with each sample of a profile that is wanted, in the order of time, and before the first
    /// in an address space `begin` with what makes that. An address space whose mappings change is another one from then on.
    public func forEachTask(
        of profile: PerfDataFile, where isWanted: (CapturedTask) -> Bool = { _ in true },
        begin: (() -> AddressSpace) throws -> Void = { _ in }, _ body: (ResolvedTask) throws -> Void
    ) throws {
        var number = 0
        var spaceCount: UInt64 = 0
        func codeSpace(_ mappings: [FileMapping]) -> CodeSpace {
            CodeSpace(ProcessImage(mappings: mappings, files: files), mappings)
        }
        try profile.forEachSample(where: isWanted, makeSpace: codeSpace) { sample, space in
            number += 1
            if !space.mappings.isEmpty {
                spaceCount += 1
                space.number = spaceCount
                try begin { AddressSpace(space.mappings, number: space.number, tgid: sample.task.tgid) }
                space.mappings = []
            }
            var task = sample.task
            task.addressSpace = space.number
            var resolved = resolve(task, number: number, in: space)
            resolved.event = sample.event
            try body(resolved)
        }
    }

    /// The code of one address space, and its unwinder, which serve all its tasks.
    private final class CodeSpace {
        let image: ProcessImage
        let unwinder: StackUnwinder
        /// Of a process of a profile, before its first sample: later they are only in the way.
        var mappings: [FileMapping]
        /// In a profile; 0 before its first sample, and if nothing is mapped.
        var number: UInt64 = 0

        init(_ image: ProcessImage, _ mappings: [FileMapping] = []) {
            self.image = image
            self.mappings = mappings
            unwinder = StackUnwinder(image: image)
        }
    }

    private func image(of task: CapturedTask, in dump: Dump) -> ProcessImage {
        let space = dump.addressSpaces[task.addressSpace]
        let process = space.flatMap { dump.processes[$0.tgid] }.map {
            LiveProcess(pid: $0.pid, startTime: $0.startTime)
        }
        return ProcessImage(space, files: files, process: process)
    }

    private func resolve(_ task: CapturedTask, number: Int, in space: CodeSpace) -> ResolvedTask {
        let stack = task.flags.contains(.kernelThread) ? nil : space.unwinder.stack(of: task)
        return ResolvedTask(
            number: number, task: task,
            userFrames: stack?.frames.map { userFrame($0, in: space.image) },
            userEnd: stack?.end, kernelFrames: kernelFrames(of: task), chain: [])
    }

    private func userFrame(_ frame: Frame, in image: ProcessImage) -> NamedFrame {
        let location = image.location(of: frame.lookupAddress)
        guard let sourceLines, let file = image.file(at: frame.lookupAddress)?.file else {
            return NamedFrame(address: frame.address, location: location)
        }
        return NamedFrame(
            address: frame.address, location: location,
            sources: sourceLines.frames(at: location.address, of: file))
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

extension AddressSpace {
    /// One of a profile.
    fileprivate init(_ mappings: [FileMapping], number: UInt64, tgid: UInt32) {
        self.init(
            number: number, tgid: tgid,
            mappings: mappings.map {
                Mapping(
                    addresses: $0.addresses, offset: $0.offset, inode: $0.identity.inode,
                    deviceMajor: $0.identity.deviceMajor, deviceMinor: $0.identity.deviceMinor,
                    buildID: $0.buildID, path: RawText($0.path[...]))
            })
    }
}
