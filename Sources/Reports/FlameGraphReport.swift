// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// A flame graph to look at in a browser: one HTML file that needs no other.
///
/// The page is `flamegraph.html`; this puts the data into it. A page with all stacks of a long
/// profile would be too much for a browser: of the nodes only the widest are kept, and what stood on them
/// is merged into one node each, so that no task is left out of a count.
struct FlameGraphReport: ReportRenderer {
    /// Nodes that are drawn for themselves.
    private let nodesMax: Int
    private var names = FrameNames()
    private var tree = StackTree()
    private var dumps = 0
    private var causes: [String] = []
    private var histories: [HistoryPlot] = []
    private var historiesLeftOut: UInt64 = 0
    private var hasSamples = false

    private static let causesMax = 3
    private static let historiesMax = 24
    /// Of the nodes in which others were merged, behind the kinds of ``FrameNames``.
    private static let mergedKind: UInt8 = 3

    init(nodesMax: Int = 50_000) {
        self.nodesMax = nodesMax
    }

    mutating func begin(_ dump: Dump, to output: inout ReportBuffer) {
        dumps += 1
        causes += dump.hits.map { "\($0.conditionText) (process \($0.pid))" }
        let plots = dump.histories.lazy.filter { !$0.samples.isEmpty }.map { HistoryPlot($0, in: dump) }
        for plot in plots {
            if histories.count < Self.historiesMax { histories.append(plot) } else { historiesLeftOut += 1 }
        }
    }

    mutating func write(_ task: ResolvedTask, to output: inout ReportBuffer) {
        hasSamples = hasSamples || task.event != nil
        tree.add(names.stackWithTask(task))
    }

    mutating func finish(to output: inout ReportBuffer) {
        let page = PackageResources.flamegraph_html
        let mark = Array("@DATA@".utf8)
        let place = page.indices.first { page[$0...].starts(with: mark) } ?? page.endIndex
        output.write(page[..<place])
        var data = ReportBuffer()
        writeData(to: &data)
        // Nothing in a name can end the script that holds the data.
        for byte in data.bytes {
            if byte == UInt8(ascii: "<") { output.write("\\u003c") } else { output.write(byte: byte) }
        }
        output.write(page[place...].dropFirst(mark.count))
    }

    private func writeData(to output: inout ReportBuffer) {
        let unit = hasSamples ? "samples" : "tasks"
        let totals = tree.totals
        let title = "\(totals[0]) \(unit)"
        output.object {
            $0.string("title", dumps > 0 ? "\(title) in \(dumps) \(dumps == 1 ? "dump" : "dumps")" : title)
            $0.string("subtitle", subtitle)
            $0.string("unit", unit)
            $0.array("histories", histories) { $0.write(to: &$1) }
            $0.number("historiesLeftOut", historiesLeftOut)
            $0.array("names", names.entries.map(\.name) + ["…"]) { $1.string(nil, $0) }
            $0.array("kinds", names.entries.map(\.kind.rawValue) + [Self.mergedKind]) {
                $1.element($0)
            }
            $0.array("nodes", nodes(totals)) { node, output in
                output.array(nil, node) { $1.element($0) }
            }
        }
    }

    /// Parent, name, total and own count of each node; the root has no name.
    private func nodes(_ totals: [UInt64]) -> [[Int64]] {
        let kept = keptNodes(totals)
        var nodes: [[Int64]] = []
        var numbers = [Int](repeating: 0, count: kept.count)
        var merged: [Int: UInt64] = [:]
        for (index, node) in tree.nodes.enumerated() {
            let parent = numbers[node.parent]
            if kept[index] {
                numbers[index] = nodes.count
                nodes.append([Int64(parent), Int64(node.frame), Int64(totals[index]), Int64(node.own)])
            } else if kept[node.parent] {
                merged[parent, default: 0] += totals[index]
            }
        }
        for (parent, total) in merged.sorted(by: { $0.key < $1.key }) {
            nodes.append([Int64(parent), Int64(names.entries.count), Int64(total), 0])
        }
        return nodes
    }

    /// Which nodes are drawn for themselves. A node is never wider than its parent, so that those
    /// above a limit hang together.
    private func keptNodes(_ totals: [UInt64]) -> [Bool] {
        guard totals.count > nodesMax else { return totals.map { _ in true } }
        let limit = totals.sorted(by: >)[nodesMax]
        return totals.indices.map { $0 == 0 || totals[$0] > limit }
    }

    private var subtitle: String {
        let shown = causes.prefix(Self.causesMax).joined(separator: ", ")
        let rest = causes.count - Self.causesMax
        return rest > 0 ? "\(shown) and \(rest) more hits" : shown
    }
}
