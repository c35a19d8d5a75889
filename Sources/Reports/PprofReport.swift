// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A gzipped profile of pprof (`profile.proto`), as `go tool pprof` and Perfetto read it.
///
/// Values of a sample are the number of tasks, and for samples of a profile the sum of periods
/// for each event. Labels say which task it was, so that `pprof -tagfocus` can select.
struct PprofReport: ReportRenderer {
    private struct Key: Hashable {
        var labels: Labels
        /// In `stacks`.
        var node: Int
    }

    private struct Labels: Hashable {
        var pid: UInt32
        var tid: UInt32
        var dump: UInt64
        var comm: RawText
        var cgroup: RawText
        var state: UInt8

        init(_ task: CapturedTask) {
            (pid, tid, dump) = (task.tgid, task.pid, task.header.dumpID)
            (comm, cgroup, state) = (task.comm, task.cgroup, task.state)
        }
    }

    private var locations = PprofLocations()
    private var stacks = StackTree()
    /// By key, the number of tasks and then a sum for each of `events`.
    private var values: [Key: [UInt64]] = [:]
    private var order: [Key] = []
    private var events: [String] = []
    /// When the first dump began, `CLOCK_REALTIME` in ns.
    private var time: UInt64?

    mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {
        time = time ?? dump.begin?.realtime
    }

    mutating func write(_ task: ResolvedTask, to output: inout ReportBuffer) {
        let key = Key(labels: Labels(task.task), node: stacks.add(locations.stack(of: task)))
        if values[key] == nil { order.append(key) }
        values[key, default: [0]][0] += 1
        guard let event = task.event else { return }
        let place = index(ofEvent: event.name) + 1
        while values[key]!.count <= place { values[key]!.append(0) }
        values[key]![place] &+= event.period
    }

    private mutating func index(ofEvent event: String) -> Int {
        if let known = events.firstIndex(of: event) { return known }
        events.append(event)
        return events.count - 1
    }

    mutating func finish(to output: inout ReportBuffer) {
        var profile = ProtobufWriter()
        for (type, unit) in [("tasks", "count")] + events.map({ ($0.printable, Self.unit(of: $0)) }) {
            let (type, unit) = (locations.strings.number(of: type), locations.strings.number(of: unit))
            profile.write(1) { valueType in
                valueType.write(1, type)
                valueType.write(2, unit)
            }
        }
        for key in order {
            writeSample(key, values[key]!, to: &profile)
        }
        locations.write(to: &profile)
        profile.write(9, time ?? 0)
        let bytes = profile.bytes
        // Readers take a profile that is not compressed as well.
        output.write(gzipped(bytes) ?? bytes)
    }

    /// Clocks count ns.
    private static func unit(of event: String) -> String {
        event.contains("clock") ? "nanoseconds" : "count"
    }

    private mutating func writeSample(_ key: Key, _ values: [UInt64], to profile: inout ProtobufWriter) {
        let leafFirst = stacks.stack(endingAt: key.node).reversed().map { UInt64($0) }
        let padding = [UInt64](repeating: 0, count: events.count + 1 - values.count)
        let labels = key.labels
        let texts = [
            ("comm", labels.comm.printable), ("cgroup", labels.cgroup.printable),
            ("state", String(UnicodeScalar(labels.state)).printable),
        ].map { (locations.strings.number(of: $0), locations.strings.number(of: $1)) }
        let numbers = [("pid", UInt64(labels.pid)), ("tid", UInt64(labels.tid)), ("dump", labels.dump)]
            .filter { $1 != 0 }.map { (locations.strings.number(of: $0), $1) }
        profile.write(2) { sample in
            sample.write(1, leafFirst)
            sample.write(2, values + padding)
            for (name, text) in texts {
                sample.write(3) { label in
                    label.write(1, name)
                    label.write(2, text)
                }
            }
            for (name, number) in numbers {
                sample.write(3) { label in
                    label.write(1, name)
                    label.write(3, number)
                }
            }
        }
    }
}
