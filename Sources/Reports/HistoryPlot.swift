// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// What a page needs to plot a variable's history: its values over time, the threshold, and the hit.
struct HistoryPlot {
    private let history: History
    /// The hit of the same watch, if that was what it led to.
    private let hit: Hit?
    private let dumpID: UInt64
    /// The moment that all times are relative to, `CLOCK_MONOTONIC` in ns.
    private let origin: UInt64

    init(_ history: History, in dump: Dump) {
        self.history = history
        hit = dump.hits.first { $0.watchID == history.watchID }
        dumpID = dump.id
        let tick = hit?.tickTime ?? dump.hits.map(\.tickTime).min()
        origin = tick ?? history.samples.last?.time ?? 0
    }

    /// Values are texts, for not every integer is a number of JavaScript.
    func write(to output: inout ReportBuffer) {
        output.object {
            $0.string("name", history.name.printable)
            $0.string("process", "process \(history.pid) in dump \(dumpID)")
            $0.string("hit", hit?.conditionText ?? "")
            $0.string("hitValue", hit.map { $0.kind.text($0.value) } ?? "")
            $0.array("limits", limits) { $1.string(nil, $0) }
            // Of a damaged record they may be far apart; they wrap round then.
            $0.array("times", history.samples) { $1.element(Int64(bitPattern: $0.time &- origin)) }
            $0.array("values", history.samples) { sample, output in
                output.string(nil, history.kind.text(sample.value))
            }
        }
    }

    /// What the variable was compared with, if that is a value of the variable.
    private var limits: [String] {
        guard let hit else { return [] }
        switch hit.comparison {
        case .greater, .less, .equal, .notEqual: return [hit.thresholdText]
        case .outside: return [hit.thresholdText] + (hit.condition.map { [hit.kind.text($0.high)] } ?? [])
        case .changed, .changedBy, .unchanged, .anyBits, .allBits, .other: return []
        }
    }
}
