// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Reports
import WaitForGraph

/// Looks at each dump that the module makes, whatever caused it, and tells each deadlock once.
struct LockWatch {
    let doctor: LockDoctor
    let format: LockReportFormat
    let pid: UInt32?
    /// Between the dumps that it has made itself; nil for none.
    let seconds: UInt32?

    /// Until it is interrupted; returns whether there was a deadlock.
    func run() throws -> Bool {
        let stop = try StopSignal()
        let device = try Device()
        var output = Output()
        var told: Set<Deadlock> = []
        var ownDumps: Set<UInt64> = []
        var foreignDumps: Set<UInt64> = []
        var nextDump = ContinuousClock.now
        var isWaiting = true
        repeat {
            if let seconds, ContinuousClock.now >= nextDump {
                do throws(Failure) {
                    if let id = try device.requestDumpIfThereIsRoom(pid: pid) {
                        ownDumps.insert(id)
                    } else {
                        note(Device.noRoom)
                    }
                } catch {
                    // The request is interrupted too.
                    if stop.isThere { break }
                    throw error
                }
                nextDump = .now + .seconds(seconds)
            }
            let recording = try device.readRecording()
            for notice in notices(of: recording) { note(notice) }
            for dump in recording.dumps {
                var findings = doctor.examine(dump)
                findings.verdicts.removeAll { !$0.isDeadlock || !told.insert(Deadlock($0)).inserted }
                if findings.hasDeadlock { format.write(findings, to: &output.buffer) }
                let isOwn = ownDumps.remove(dump.id) != nil && dump.isOnlyRequested
                if !isOwn { foreignDumps.insert(dump.id) }
            }
            try output.flush()
            // Dumps of others stay for whoever wants to read them, and what came after them with them.
            if !foreignDumps.isEmpty {
                foreignDumps.formIntersection(try Device().readRecording().dumps.map(\.id))
            }
            if foreignDumps.isEmpty { try device.release(upTo: recording.lastFinishedSequence) }
            let end = seconds == nil ? nil : nextDump
            isWaiting = try device.wait(orStop: stop, milliseconds: end.milliseconds) != .stop
        } while isWaiting
        try output.finish()
        return !told.isEmpty
    }

    /// What makes two deadlocks the same: the tasks, and what they wait for.
    private struct Deadlock: Hashable {
        let waits: Set<[UInt64]>

        init(_ verdict: Verdict) {
            waits = Set(
                verdict.waits.map {
                    [UInt64($0.waiter.id.pid), $0.waiter.id.startTime, $0.blocked.lock ?? 0]
                })
        }
    }
}
