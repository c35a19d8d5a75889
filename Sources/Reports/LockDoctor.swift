// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation
import WaitForGraph

/// Says of dumps which tasks wait for which locks, and whether they are deadlocked.
public final class LockDoctor {
    private let resolver: DumpResolver
    private let functions: KernelSymbols
    private let variables: KernelVariables

    /// - Parameters:
    ///   - functions: of the kernel that made the dumps.
    ///   - variables: of the same kernel.
    public init(
        options: DumpResolver.Options = .init(), functions: KernelSymbols, variables: KernelVariables
    ) {
        resolver = DumpResolver(options: options, kernelSymbols: { functions })
        self.functions = functions
        self.variables = variables
    }

    public func examine(_ dump: Dump) -> LockFindings {
        let graph = WaitForGraph(dump, functions: functions, variables: variables)
        let verdicts = graph.verdicts()
        let shown = Set(
            verdicts.flatMap(\.parties).compactMap(\.index).map { dump.tasks[$0].header.sequence })
        var stacks: [Party.ID: ResolvedTask] = [:]
        resolver.forEachTask(of: dump, where: { shown.contains($0.header.sequence) }) { resolved in
            stacks[Party.ID(resolved.task)] = resolved
        }
        return LockFindings(graph: graph, verdicts: verdicts, stacks: stacks)
    }
}

/// What there is to say about the locks of a dump.
public struct LockFindings {
    public let graph: WaitForGraph
    public var verdicts: [Verdict]
    /// Of the tasks that reports show with their stacks.
    let stacks: [Party.ID: ResolvedTask]

    public var hasDeadlock: Bool { verdicts.contains(where: \.isDeadlock) }

    /// Holders that would say more if they were in the dump, those who block the most first.
    public var missingHolders: [Party] {
        verdicts.compactMap { verdict -> (Party, Int)? in
            guard case .chain(let holder, .isNotInDump) = verdict.kind else { return nil }
            return (holder, verdict.waits.count + verdict.behind.count)
        }.sorted { $0.1 > $1.1 }.map(\.0)
    }
}

extension Verdict {
    /// The tasks to be shown with their stacks: all but those that wait behind others.
    var parties: [Party] {
        switch kind {
        case .chain(let holder, _): waits.map(\.waiter) + [holder]
        case .spinning(let parties): parties
        case .cycle, .ownLock, .likelyCycle, .orphan, .passingCircle, .unknownHolder: waits.map(\.waiter)
        }
    }
}
