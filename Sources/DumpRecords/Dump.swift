// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor

/// The recording of all selected tasks that follows a hit, a request, or a hung task.
///
/// Any part may be missing, because records can be lost or damaged.
public struct Dump: Sendable {
    public let id: UInt64
    /// Number of its first record.
    public let firstSequence: UInt64
    public private(set) var begin: DumpBegin?
    public private(set) var hits: [Hit] = []
    public private(set) var hangs: [Hang] = []
    /// What variables of the hits' processes were before, of watches that keep it.
    public private(set) var histories: [History] = []
    /// In the order in which they were captured.
    public private(set) var tasks: [CapturedTask] = []
    /// What tasks wait for, by task id.
    public private(set) var blocked: [UInt32: BlockedOn] = [:]
    /// By process id.
    public private(set) var processes: [UInt32: CapturedProcess] = [:]
    /// By number.
    public private(set) var addressSpaces: [UInt64: AddressSpace] = [:]
    public private(set) var end: DumpEnd?

    init(id: UInt64, firstSequence: UInt64) {
        self.id = id
        self.firstSequence = firstSequence
    }

    /// The process and then its ancestors, as far as they were recorded.
    public func chain(of pid: UInt32) -> [CapturedProcess] {
        var chain: [CapturedProcess] = []
        var next = processes[pid]
        // The limit also ends chains that go round in circles.
        while let process = next, chain.count <= Int(VMON_PARENTS_MAX) {
            chain.append(process)
            next = process.parentPID == 0 ? nil : processes[process.parentPID]
        }
        return chain
    }

    /// Adds a record; those that belong to no dump change nothing.
    mutating func add(_ record: Record) {
        switch record {
        case .dumpBegin(let begin): self.begin = begin
        case .hit(let hit): hits.append(hit)
        case .condition(let condition):
            // It follows its hit.
            if let hit = hits.indices.last, hits[hit].watchID == condition.watchID {
                hits[hit].condition = condition
            }
        case .history(let history): histories.append(history)
        case .hang(let hang): hangs.append(hang)
        case .task(let task): tasks.append(task)
        case .blocked(let blocked): self.blocked[blocked.pid] = blocked
        case .process(let process): processes[process.pid] = process
        case .mappings(let part):
            if addressSpaces[part.number] == nil {
                addressSpaces[part.number] = part
            } else {
                addressSpaces[part.number]!.merge(part)
            }
        case .dumpEnd(let end): self.end = end
        case .lost, .watchEnd, .unknown: break
        }
    }
}
