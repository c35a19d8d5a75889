// SPDX-License-Identifier: Apache-2.0
import WaitForGraph

/// The whole graph of a dump in the language of Graphviz: tasks are ellipses, locks are boxes, deadlocks
/// are red.
struct LockDotReport {
    private let findings: LockFindings

    init(_ findings: LockFindings) {
        self.findings = findings
    }

    func write(to output: inout ReportBuffer) {
        output.write("digraph \"dump \(findings.graph.dump.id)\" {\n")
        for verdict in findings.verdicts {
            for wait in verdict.waits { write(wait, isDeadlocked: verdict.isDeadlock, to: &output) }
            for wait in verdict.behind { write(wait, isDeadlocked: false, to: &output) }
            for party in verdict.parties { write(party, to: &output) }
        }
        output.write("}\n")
    }

    private func write(_ wait: Wait, isDeadlocked: Bool, to output: inout ReportBuffer) {
        let style = isDeadlocked ? " [color=red]" : ""
        let lock = id(of: wait)
        write(wait.waiter, to: &output)
        output.write("  \"\(lock)\" [shape=box, label=\"\(quoted(findings.name(of: wait)))\"];\n")
        writeEdge(id(of: wait.waiter), lock, style, to: &output)
        switch wait.holder {
        case .task(let party): writeEdge(lock, id(of: party), style, to: &output)
        case .exited(let party):
            let holder = party.map { quoted(findings.name(of: $0)) } ?? "somebody"
            writeEdge(lock, "holder of \(lock)", style, to: &output)
            output.write("  \"holder of \(lock)\" [label=\"\(holder)\\nexited\"];\n")
        case .suspects(let parties, _):
            for party in parties { writeEdge(lock, id(of: party), " [style=dashed]", to: &output) }
        case .unknown: break
        }
    }

    private func write(_ party: Party, to output: inout ReportBuffer) {
        output.write("  \"\(id(of: party))\" [label=\"\(quoted(findings.name(of: party)))\"];\n")
    }

    private func writeEdge(_ from: String, _ to: String, _ style: String, to output: inout ReportBuffer) {
        output.write("  \"\(from)\" -> \"\(to)\"\(style);\n")
    }

    private func id(of party: Party) -> String { "task \(party.id.pid) \(party.id.startTime)" }

    private func id(of wait: Wait) -> String {
        switch wait.lock {
        case .kernel(let address): "lock \(address)"
        case .pthreadMutex(let tgid, let address): "lock \(tgid) \(address)"
        case nil: "lock of \(wait.waiter.id.pid)"
        }
    }

    private func quoted(_ text: String) -> String {
        text.replacing(["\"": "'", "\\": "/"])
    }
}
