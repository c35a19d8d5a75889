// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import SystemPackage

/// A watch from its start to its end, and the dumps that it causes.
struct RunningWatch {
    private let watch: StartedWatch
    private let follower: any DumpFollower
    private let stop: StopSignal
    private let end: ContinuousClock.Instant?
    private var line = LiveLine()
    private var dumpCount = 0
    private var hitsDumped = 0
    private var hasEnded = false

    /// - Parameter end: nil to watch until the process ends.
    init(_ watch: StartedWatch, follower: any DumpFollower, stop: StopSignal, end: ContinuousClock.Instant?) {
        self.watch = watch
        self.follower = follower
        self.stop = stop
        self.end = end
    }

    /// Takes dumps until the watch is over, and then those of its last hits; a second signal ends that, too.
    ///
    /// - Returns: whether a signal ended it.
    mutating func follow(_ device: borrowing Device, _ session: borrowing WatchSession) throws -> Bool {
        var event = Device.Event.records
        while event == .records {
            try drain(device)
            if hasEnded { break }
            event = try wait(for: device, session)
        }
        if event == .stop { stop.take() }
        let hits = session.state(ofWatch: watch.id)?.hits
        session.cancel()
        try takeRest(of: device, hits: hits)
        note("\(watch.variable.name): hits \(hitsDumped), dumps \(dumpCount)")
        return event == .stop
    }

    private mutating func drain(_ device: borrowing Device) throws {
        line.clear()
        let recording = try follower.drain(device)
        dumpCount += recording.finishedDumps.count
        hitsDumped += recording.finishedDumps.reduce(0) { count, dump in
            count + dump.hits.count { $0.watchID == watch.id }
        }
        hasEnded = hasEnded || recording.watchEnds.contains { $0.watchID == watch.id }
    }

    /// Waits for records, and tells meanwhile how the variable is.
    private mutating func wait(
        for device: borrowing Device, _ session: borrowing WatchSession
    ) throws -> Device.Event {
        while true {
            if line.isWanted { line.show(status(session)) }
            let rest = end.milliseconds
            let isShort = line.isWanted && (rest < 0 || rest > LiveLine.milliseconds)
            let event = try device.wait(orStop: stop, milliseconds: isShort ? LiveLine.milliseconds : rest)
            if event != .timeout || end.milliseconds == 0 {
                line.clear()
                return event
            }
        }
    }

    private func status(_ session: borrowing WatchSession) -> String {
        let variable = watch.variable
        let value = watch.process.bits(of: variable).map(variable.type.text) ?? "?"
        let hits = session.state(ofWatch: watch.id).map { "\($0.hits)" } ?? "?"
        return "\(variable.name) = \(value)  hits \(hits)  dumps \(dumpCount)"
    }

    /// A hit may wait for its dump as long as the module lets pass between two.
    ///
    /// - Parameter hits: all there were; nil if that is not known, because the process is gone.
    private mutating func takeRest(of device: borrowing Device, hits: UInt64?) throws {
        let gap = (try? readFile("/sys/module/variable_monitor/parameters/dump_gap_ms")) ?? []
        let digits = gap.prefix { ("0"..."9").contains(Character(UnicodeScalar($0))) }
        let milliseconds = min(Int(String(decoding: digits, as: UTF8.self)) ?? 1000, Self.gapMax)
        // Longer, for a dump takes its time. Dumps of other watches may never cease to come.
        let latest: ContinuousClock.Instant? = .now + .milliseconds(milliseconds + Self.patience)
        while hits.map({ UInt64(hitsDumped) < $0 }) ?? true {
            guard try device.wait(orStop: stop, milliseconds: latest.milliseconds) == .records else { return }
            try drain(device)
        }
    }

    private static let gapMax = 10_000
    private static let patience = 1500
}
