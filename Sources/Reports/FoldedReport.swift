// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// Folded stacks, as flame graph scripts, inferno and speedscope read them: one line for all tasks
/// of one name with the same frames, `comm;root;…;leaf count`.
///
/// The kernel's frames lie above the program's, and end in `_[k]`, the scripts' own mark.
struct FoldedReport: ReportRenderer {
    private let mostFirst: Bool
    private var names = FrameNames()
    private var tree = StackTree()

    /// - Parameter mostFirst: sort by count; otherwise stacks come in the order in which they first came.
    init(mostFirst: Bool = false) {
        self.mostFirst = mostFirst
    }

    mutating func write(_ task: ResolvedTask, to output: inout ReportBuffer) {
        tree.add(names.stackWithTask(task))
    }

    mutating func finish(to output: inout ReportBuffer) {
        let texts = names.entries.map { Array(Self.text(of: $0).utf8) }
        var ends = tree.nodes.indices.filter { tree.nodes[$0].own > 0 }
        if mostFirst {
            ends.sort { (tree.nodes[$1].own, $0) < (tree.nodes[$0].own, $1) }
        }
        for end in ends {
            for (index, frame) in tree.stack(endingAt: end).enumerated() {
                if index > 0 { output.write(byte: UInt8(ascii: ";")) }
                output.write(texts[frame])
            }
            output.write(byte: UInt8(ascii: " "))
            output.write(decimal: tree.nodes[end].own)
            output.write(byte: UInt8(ascii: "\n"))
        }
    }

    /// A name without what ends a frame or a stack, or, at the start of a line, makes it a comment.
    private static func text(of entry: FrameNames.Entry) -> String {
        let name = entry.name.replacing([";": ":", " ": "_"])
        return switch entry.kind {
        case .task: name.first == "#" ? "_" + name.dropFirst() : name
        case .user: name
        case .kernel: name + "_[k]"
        }
    }
}
