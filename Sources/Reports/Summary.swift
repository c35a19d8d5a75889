// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Glibc

/// One line for a person about a dump: when it was, what caused it, and what is missing.
public func summary(of dump: Dump) -> String {
    var text = "dump \(dump.id)"
    if let begin = dump.begin {
        text += " at \(localTime(begin.realtime))"
    }
    var causes = dump.hits.map(description) + dump.hangs.map(description)
    if let begin = dump.begin, begin.reasons.contains(.request) {
        causes.append("on request")
    }
    text += ": " + (causes.isEmpty ? "no hits" : causes.joined(separator: ", "))
    text += "; \(dump.tasks.count) tasks"
    guard let end = dump.end else { return text + "; its end is missing" }
    if let tick = dump.hits.map(\.tickTime).min(), tick < end.firstCapture,
        end.firstCapture <= end.lastCapture
    {
        text +=
            " \(milliseconds(end.firstCapture - tick)) to \(milliseconds(end.lastCapture - tick)) ms after the tick"
    }
    for (count, why) in [
        (end.skippedLimit, "over the limit of tasks"), (end.skippedTime, "over the limit of time"),
        (end.skippedExited, "gone"), (end.skippedFull, "lost, the buffer was full"),
    ] where count > 0 {
        text += ", \(count) \(why)"
    }
    return text
}

/// One line about each thing that went wrong on the way from the module, or that ended a watch.
public func notices(of recording: Recording) -> [String] {
    recording.watchEnds.map { end in
        "watch \(end.watchID) (\(end.name.printable) of process \(end.pid)) ended: \(description(end.reason))"
    }
        + recording.losses.map { "\($0.count) records were lost, because the buffer was full" }
        + recording.gaps.map { "records \($0.lowerBound) to \($0.upperBound) are missing" }
        + recording.damages.map { "damaged input: \($0)" }
}

/// `temp = 151 > 150 (process 63936)`
private func description(_ hit: Hit) -> String {
    let muted = hit.mutedTicks == 0 ? "" : ", muted at \(hit.mutedTicks) ticks before"
    return "\(hit.conditionText) (process \(hit.pid)\(muted))"
}

/// `khugepaged hangs (task 34 of process 34)`
private func description(_ hang: Hang) -> String {
    "\(hang.comm.printable) hangs (task \(hang.pid) of process \(hang.tgid))"
}

/// `1.042`
func milliseconds(_ nanoseconds: UInt64) -> String {
    let fraction = String(nanoseconds / 1000 % 1000)
    return "\(nanoseconds / 1_000_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
}

private func description(_ reason: WatchEnd.Reason) -> String {
    switch reason {
    case .unmapped: "nothing readable is mapped there any more"
    case .exited: "the process is gone"
    case .noMemory: "its new page could not be pinned"
    case .other(let number): "reason \(number)"
    }
}

/// `2024-05-01 09:30:00.000000000 +0200`, of `CLOCK_REALTIME` in ns.
func localTime(_ nanoseconds: UInt64) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    let fraction = String(nanoseconds % 1_000_000_000)
    var parts = unsafe tm()
    unsafe localtime_r(&seconds, &parts)
    func formatted(_ format: String) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let length = unsafe strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
    let zeros = String(repeating: "0", count: 9 - fraction.count)
    return "\(formatted("%F %T")).\(zeros)\(fraction) \(formatted("%z"))"
}
