// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// What was mapped in each process, and what each task was called, at one moment of a recording.
///
/// `Space` is what the reader makes of mappings, such as an unwinder. It is made when it is asked for,
/// serves as long as the mappings do not change, and serves children until theirs do.
struct ProcessTable<Space> {
    private final class Memory {
        var list: MappingList
        var space: Space?
        private let copies: Copies
        private let copied: Int

        init() {
            (list, copies, copied) = (MappingList(), Copies(), 0)
        }

        /// For a child that is to have others than its parent.
        init(copying list: MappingList, _ copies: Copies) {
            self.list = list
            self.copies = copies
            copied = list.mappings.count
            copies.count += copied
        }

        deinit {
            copies.count -= copied
        }
    }

    /// How many mappings there are as copies of others.
    private final class Copies {
        var count = 0
    }

    private var memories: [UInt32: Memory] = [:]
    private var names: [UInt32: RawText] = [:]
    /// Those that ended last, which are sampled for a moment more.
    private var ended: [(pid: UInt32, memory: Memory)] = []
    private let copies = Copies()

    private static var endedMax: Int { 64 }
    private static var mappingsMax: Int { 1 << 14 }
    /// A small file could otherwise ask for any amount of memory.
    private static var copiesMax: Int { 1 << 20 }

    /// The task that runs where nothing else does has the number 0 on every CPU, and no record names it.
    func name(ofTask tid: UInt32) -> RawText {
        names[tid] ?? RawText(tid == 0 ? "swapper" : "")
    }

    /// What was made of the mappings of a process.
    func space(ofProcess pid: UInt32, make: ([FileMapping]) -> Space) -> Space {
        guard let memory = memories[pid] else { return make([]) }
        if let space = memory.space { return space }
        let space = make(memory.list.mappings)
        memory.space = .some(space)
        return space
    }

    mutating func apply(_ change: ProcessChange) throws(PerfRecordFlaw) {
        switch change {
        case .name(let pid, let tid, let name, let isExec):
            names[tid] = name
            if isExec { memories[pid] = nil }
        case .fork(let pid, let tid, let parent, let parentTask, let hasOwnMappings):
            names[tid] = names[parentTask]
            if pid != parent, !hasOwnMappings { memories[pid] = memories[parent] }
        case .exit(let pid, let tid):
            if pid == tid, let memory = memories[pid] { retire(memory, of: pid) }
        case .map(let pid, let mapping, let isExecutable):
            try edit(memoryOf: pid) { list in
                if isExecutable { list.insert(mapping) } else { list.remove(mapping.addresses) }
            }
        }
    }

    private mutating func edit(
        memoryOf pid: UInt32, _ body: (inout MappingList) -> Void
    ) throws(PerfRecordFlaw) {
        // The table lets go of it, so that nobody else has it unless a relative does.
        var memory = memories.removeValue(forKey: pid) ?? Memory()
        defer { memories[pid] = memory }
        guard memory.list.mappings.count < Self.mappingsMax else { throw .tooManyMappings }
        if !isKnownUniquelyReferenced(&memory) {
            guard copies.count + memory.list.mappings.count <= Self.copiesMax else {
                throw .tooManyMappings
            }
            memory = Memory(copying: memory.list, copies)
        }
        memory.space = nil
        body(&memory.list)
    }

    /// A process is forgotten when many others have ended after it.
    private mutating func retire(_ memory: Memory, of pid: UInt32) {
        if ended.count == Self.endedMax {
            let oldest = ended.removeFirst()
            // Its number may be another one's by now.
            if memories[oldest.pid] === oldest.memory { memories[oldest.pid] = nil }
        }
        ended.append((pid, memory))
    }
}
