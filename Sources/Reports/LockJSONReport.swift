// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import WaitForGraph

/// One object on a line for each dump: verdicts, and the stacks of their tasks.
struct LockJSONReport {
    private let findings: LockFindings

    init(_ findings: LockFindings) {
        self.findings = findings
    }

    func write(to output: inout ReportBuffer) {
        let dump = findings.graph.dump
        output.object {
            $0.count("dump", dump.id)
            if let begin = dump.begin { $0.count("realtime", begin.realtime) }
            $0.flag("deadlock", findings.hasDeadlock)
            $0.array("verdicts", findings.verdicts) { verdict, output in
                output.object { write(verdict, to: &$0) }
            }
            $0.array("tasks", findings.stacks.values.sorted { $0.number < $1.number }) { resolved, output in
                output.object { write(resolved, to: &$0) }
            }
        }
        output.write("\n")
    }

    private func write(_ verdict: Verdict, to output: inout ReportBuffer) {
        output.string("verdict", verdict.name)
        output.flag("deadlock", verdict.isDeadlock)
        output.string("sentence", findings.sentence(about: verdict))
        output.array("waits", verdict.waits) { wait, output in output.object { write(wait, to: &$0) } }
        output.array("behind", verdict.behind) { wait, output in output.object { write(wait, to: &$0) } }
        switch verdict.kind {
        case .chain(let holder, let activity):
            output.object("holder") { write(holder, to: &$0) }
            output.string("activity", activity.key)
        case .spinning(let parties):
            output.array("spinning", parties) { party, output in output.object { write(party, to: &$0) } }
        case .cycle, .ownLock, .likelyCycle, .orphan, .passingCircle, .unknownHolder: break
        }
    }

    private func write(_ wait: Wait, to output: inout ReportBuffer) {
        write(wait.waiter, to: &output)
        output.string("kind", wait.blocked.kind.name)
        if let purpose = wait.blocked.kind.purpose { output.string("purpose", purpose) }
        output.string("lock", findings.name(of: wait))
        switch wait.lock {
        case .kernel(let address): output.address("address", address)
        case .pthreadMutex(_, let address): output.address("user_address", address)
        case nil: break
        }
        if let waited = wait.blocked.waited { output.count("waited", waited) }
        if let readers = wait.blocked.readers { output.number("readers", readers) }
        if let queue = wait.blocked.queue {
            output.number("queue_place", queue.place)
            output.number("waiters", queue.waiters)
        }
        switch wait.holder {
        case .task(let party): output.object("holder") { write(party, to: &$0) }
        case .exited(let party?): output.object("exited_holder") { write(party, to: &$0) }
        case .exited(nil): output.object("exited_holder") { _ in }
        case .suspects(let parties, _):
            output.array("suspects", parties) { party, output in output.object { write(party, to: &$0) } }
        case .unknown: break
        }
    }

    private func write(_ party: Party, to output: inout ReportBuffer) {
        output.number("pid", party.id.pid)
        output.number("tgid", party.tgid)
        output.count("start_time", party.id.startTime)
        output.text("comm", party.comm)
    }

    private func write(_ resolved: ResolvedTask, to output: inout ReportBuffer) {
        output.number("pid", resolved.task.pid)
        output.string("state", String(UnicodeScalar(resolved.task.state)))
        write("kernel", resolved.kernelFrames, to: &output)
        write("user", resolved.userFrames ?? [], to: &output)
    }

    private func write(_ key: String, _ frames: [NamedFrame], to output: inout ReportBuffer) {
        output.array(key, frames) { frame, output in
            output.object {
                $0.address("address", frame.address)
                if let name = frame.name { $0.string("function", name) }
                if let module = frame.location.symbol?.kernelModule { $0.string("module", module) }
            }
        }
    }
}
