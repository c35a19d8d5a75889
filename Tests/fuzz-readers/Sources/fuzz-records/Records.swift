// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import FuzzInput
import Symbolisation
import WaitForGraph

/// The module's records: parsed, and then all that is only computed when it is asked for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecords(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        var recording = Recording()
        recording.append(bytes)
        check(recording.damages, inputSize: bytes.count)
        let unfinished = recording.unfinishedDump == nil ? 0 : 1
        require(recording.finishedDumps.count + unfinished == recording.dumps.count, "a dump is lost")
        consume(recording.lastFinishedSequence)
        consume(recording.losses)
        for end in recording.watchEnds { consume(end.name.string) }
        consume(recording.gaps)
        for dump in recording.dumps { read(dump) }
        // As a reader that follows the device goes on.
        recording.append(bytes)
    }
}

/// Damaged parts lie in the input, one behind the other, and each has something to skip.
private func check(_ damages: [Damage], inputSize: Int) {
    var end = 0
    for damage in damages {
        require(damage.offset >= end && damage.skipped > 0, "damages that overlap")
        end = damage.offset + damage.skipped
        consume(damage.description)
    }
    require(end <= inputSize, "damage behind the end")
}

private func read(_ dump: Dump) {
    consume(dump.begin?.reasons)
    consume(dump.end)
    for hit in dump.hits {
        consume(hit)
        consume(hit.name.string)
    }
    for hang in dump.hangs { consume(hang.comm.string) }
    for process in dump.processes.values {
        consume(process.comm.string)
        consume(process.arguments.map(\.string))
    }
    for space in dump.addressSpaces.values {
        for mapping in space.mappings {
            require(!mapping.addresses.isEmpty, "an empty mapping")
            consume(mapping.path.string)
        }
    }
    for task in dump.tasks {
        read(task)
        consume(dump.chain(of: task.tgid).map(\.pid))
    }
    checkVerdicts(on: dump)
}

private func checkVerdicts(on dump: Dump) {
    let graph = WaitForGraph(
        dump, functions: KernelSymbols(kallsyms: [], modules: []),
        variables: KernelVariables(kallsyms: { [] }))
    let judged = graph.verdicts().flatMap { $0.waits + $0.behind }.map(\.waiter.id)
    require(
        judged.count == graph.waits.count && Set(judged).count == judged.count,
        "a wait without its one verdict")
}

private func read(_ task: CapturedTask) {
    consume(task.comm.string)
    consume(task.cgroup.string)
    consume(task.kernelFrames)
    consume(task.registers)
    let start = task.stack.start
    let size = UInt64(task.stack.bytes.count)
    for outside in [start &- 1, start &+ size &- 7] {
        require(task.stack.word(at: outside) == nil, "a word outside of the stack's copy")
    }
    for offset in stride(from: 0, to: size, by: 509) { consume(task.stack.word(at: start &+ offset)) }
}
