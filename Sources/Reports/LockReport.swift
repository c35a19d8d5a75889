// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import WaitForGraph

/// How what was found about locks is written.
public enum LockReportFormat: String, CaseIterable, Sendable {
    case text
    case json
    case dot

    /// For the list of formats that a program prints.
    public var summary: String {
        switch self {
        case .text: "for a person"
        case .json: "one JSON object for each dump"
        case .dot: "a graph for Graphviz"
        }
    }

    public func write(_ findings: LockFindings, to output: inout ReportBuffer) {
        switch self {
        case .text: LockTextReport(findings).write(to: &output)
        case .json: LockJSONReport(findings).write(to: &output)
        case .dot: LockDotReport(findings).write(to: &output)
        }
    }
}

/// Verdicts in plain English, each with a drawing of who waits for whom.
struct LockTextReport {
    private let findings: LockFindings

    /// More tasks than that nobody reads; the other formats have all.
    private static let tasksMax = 32

    init(_ findings: LockFindings) {
        self.findings = findings
    }

    func write(to output: inout ReportBuffer) {
        let dump = findings.graph.dump
        var title = "Dump \(dump.id)"
        if let begin = dump.begin { title += " at \(localTime(begin.realtime))" }
        output.write(title + ": " + tally() + "\n")
        for verdict in findings.verdicts { write(verdict, to: &output) }
    }

    /// `1 CYCLE, 2 CHAIN`
    private func tally() -> String {
        if findings.verdicts.isEmpty { return "no task waits for a lock" }
        var counts: [(name: String, count: Int)] = []
        for verdict in findings.verdicts {
            if let index = counts.firstIndex(where: { $0.name == verdict.name }) {
                counts[index].count += 1
            } else {
                counts.append((verdict.name, 1))
            }
        }
        return counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    }

    private func write(_ verdict: Verdict, to output: inout ReportBuffer) {
        output.write("\n\(verdict.name)\n  \(findings.sentence(about: verdict))\n")
        if !verdict.waits.isEmpty {
            output.write("\n")
            draw(verdict, to: &output)
        }
        output.write("\n")
        for wait in verdict.waits.prefix(Self.tasksMax) {
            let held = held(by: wait.waiter, in: verdict).map { "holds \($0) and " } ?? ""
            output.write("  \(findings.name(of: wait.waiter)) \(held)\(description(of: wait))\n")
            writeStacks(of: wait.waiter, to: &output)
        }
        writeOthers(of: verdict, to: &output)
        writeCount(behind: verdict.waits.count, to: &output)
        if !verdict.behind.isEmpty {
            output.write("  Behind them:\n")
            for wait in verdict.behind.prefix(Self.tasksMax) {
                output.write("    \(findings.name(of: wait.waiter)) \(description(of: wait))\n")
            }
            writeCount(behind: verdict.behind.count, to: &output)
        }
    }

    private func writeCount(behind count: Int, to output: inout ReportBuffer) {
        if count > Self.tasksMax { output.write("    … and \(count - Self.tasksMax) more\n") }
    }

    /// Tasks that wait for nothing: the holder of a chain, and who spins.
    private func writeOthers(of verdict: Verdict, to output: inout ReportBuffer) {
        switch verdict.kind {
        case .chain(let holder, let activity):
            let held = held(by: holder, in: verdict).map { "holds \($0) and " } ?? ""
            output.write("  \(findings.name(of: holder)) \(held)\(activity.words)\n")
            writeStacks(of: holder, to: &output)
        case .spinning(let parties):
            for party in parties.prefix(Self.tasksMax) {
                output.write("  \(findings.name(of: party)) spins\n")
                writeStacks(of: party, to: &output)
            }
            writeCount(behind: parties.count, to: &output)
        case .cycle, .ownLock, .likelyCycle, .orphan, .passingCircle, .unknownHolder: break
        }
    }

    /// The lock for which the task before it waits.
    private func held(by party: Party, in verdict: Verdict) -> String? {
        if case .likelyCycle = verdict.kind { return nil }
        let place = verdict.waits.firstIndex { $0.waiter == party } ?? verdict.waits.count
        if place > 0 { return findings.name(of: verdict.waits[place - 1]) }
        return verdict.isCircle && verdict.waits.count > 1 ? verdict.waits.last.map(findings.name) : nil
    }

    /// `has waited 3.214 s for mutex_b [abba], 1st of 2 in its queue`
    private func description(of wait: Wait) -> String {
        var text = wait.blocked.waited.map { "has waited \(seconds($0)) for " } ?? "waits for "
        text += findings.name(of: wait)
        if let address = wait.blocked.lock, findings.kernelName(of: address) != nil {
            text += ", a \(wait.blocked.kind.name) at 0x\(String(address, radix: 16))"
        }
        if let purpose = wait.blocked.kind.purpose { text += " \(purpose)" }
        if let readers = wait.blocked.readers, readers > 0 { text += ", with \(readers) reading" }
        if let queue = wait.blocked.queue, queue.waiters > 1 {
            text +=
                ", number \(queue.place + 1) of \(queue.isTruncated ? "at least " : "")\(queue.waiters) in its queue"
        }
        return text
    }

    /// `3.214 s`
    private func seconds(_ nanoseconds: UInt64) -> String {
        let fraction = String(nanoseconds / 1_000_000 % 1000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 3 - fraction.count)
            + fraction + " s"
    }

    // MARK: Drawing

    private func draw(_ verdict: Verdict, to output: inout ReportBuffer) {
        let isCircle = verdict.isCircle
        let (first, next) = isCircle ? ("    ┌▶ ", "    │  ") : ("    ", "    ")
        let shown = verdict.waits.prefix(Self.tasksMax)
        for (index, wait) in shown.enumerated() {
            output.write("\(index == 0 ? first : next)\(findings.name(of: wait.waiter))\n")
            output.write("\(next)  │ waits for \(findings.name(of: wait)), \(relation(wait))\n")
            if !isCircle || index + 1 < shown.count { output.write("\(next)  ▼\n") }
        }
        if verdict.waits.count > shown.count {
            output.write("\(next)… \(verdict.waits.count - shown.count) more, the last\n")
        }
        if isCircle { return output.write("    └────┘\n") }
        output.write("\(next)\(end(of: verdict))\n")
    }

    private func relation(_ wait: Wait) -> String {
        switch wait.holder {
        case .task, .exited, .unknown: "held by"
        case .suspects: "probably held by"
        }
    }

    /// What stands at the arrow's point.
    private func end(of verdict: Verdict) -> String {
        switch verdict.kind {
        case .chain(let holder, let activity): "\(findings.name(of: holder)), which \(activity.words)"
        case .orphan(let holder): "\(holder.map(findings.name) ?? "somebody"), who exited"
        case .cycle, .ownLock, .likelyCycle, .passingCircle, .unknownHolder, .spinning: "unknown"
        }
    }

    // MARK: Stacks

    private func writeStacks(of party: Party, to output: inout ReportBuffer) {
        guard let resolved = findings.stacks[party.id] else { return }
        write(resolved.kernelFrames, "in the kernel", to: &output)
        write(resolved.userFrames ?? [], "in the program", to: &output)
    }

    private func write(_ frames: [NamedFrame], _ title: String, to output: inout ReportBuffer) {
        if frames.isEmpty { return }
        output.write("    \(title)\n")
        let (shown, more) = LockStack.cut(frames)
        for frame in shown {
            let function = frame.name.map { "\($0.printable)+0x\(String(frame.offset ?? 0, radix: 16))" }
            output.write("      \(function ?? "0x" + String(frame.address, radix: 16))")
            let origin = frame.location.symbol?.kernelModule.map { "[\($0.printable)]" } ?? frame.fileName
            output.write(origin.map { "  \($0)\n" } ?? "\n")
        }
        if more > 0 { output.write("      … and \(more) more\n") }
    }
}
