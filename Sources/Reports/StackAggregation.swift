// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// Stacks with the same frames put together: a tree whose paths from the root are stacks, root first.
///
/// Frames are numbers here, which the user of the tree gives out.
struct StackTree {
    struct Node {
        /// Index of the node below; the root is its own.
        var parent: Int
        var frame: Int
        /// Stacks that end here.
        var own: UInt64 = 0
    }

    private struct Step: Hashable {
        var parent: Int
        var frame: Int
    }

    /// Parents come before their children; the first is the root, and is no frame.
    private(set) var nodes = [Node(parent: 0, frame: -1)]
    private var children: [Step: Int] = [:]

    /// Adds a stack of frames, root first, and returns the index of the node where it ends.
    @discardableResult
    mutating func add(_ stack: some Sequence<Int>) -> Int {
        var node = 0
        for frame in stack {
            let step = Step(parent: node, frame: frame)
            if let known = children[step] {
                node = known
            } else {
                nodes.append(Node(parent: node, frame: frame))
                node = nodes.count - 1
                children[step] = node
            }
        }
        nodes[node].own += 1
        return node
    }

    /// The frames of the stack that ends at a node, root first.
    func stack(endingAt node: Int) -> [Int] {
        var stack: [Int] = []
        var node = node
        while node != 0 {
            stack.append(nodes[node].frame)
            node = nodes[node].parent
        }
        return stack.reversed()
    }

    /// Of each node, how many stacks go through it or end there.
    var totals: [UInt64] {
        var totals = nodes.map(\.own)
        for index in nodes.indices.dropFirst().reversed() {
            totals[nodes[index].parent] += totals[index]
        }
        return totals
    }
}

/// What frames are called where stacks are merged, each name once, with a number.
struct FrameNames {
    enum Kind: UInt8 {
        case task
        case user
        case kernel
    }

    struct Entry: Hashable {
        var kind: Kind
        var name: String
    }

    private struct Source: Hashable {
        var kind: Kind
        var object: ObjectIdentifier
    }

    private(set) var entries: [Entry] = []
    private var numbers: [Entry: Int] = [:]
    /// Finds a name without reading it.
    private var numbersOfObjects: [Source: Int] = [:]
    /// Keeps the objects alive, so that no other can take the identity of one.
    private var objects: [AnyObject] = []

    /// The frames of a task as in ``stack(of:)``, and below them, at the root, its name.
    mutating func stackWithTask(_ resolved: ResolvedTask) -> [Int] {
        [number(of: resolved.task.comm.printable, .task)] + stack(of: resolved)
    }

    private mutating func number(of name: String, _ kind: Kind) -> Int {
        let entry = Entry(kind: kind, name: name.isEmpty ? "[unnamed]" : name)
        if let known = numbers[entry] { return known }
        entries.append(entry)
        numbers[entry] = entries.count - 1
        return entries.count - 1
    }

    /// The frames of a task, root first, the kernel's above the program's.
    mutating func stack(of resolved: ResolvedTask) -> [Int] {
        var stack: [Int] = []
        stack.reserveCapacity(resolved.kernelFrames.count + (resolved.userFrames?.count ?? 0))
        for frame in (resolved.userFrames ?? []).reversed() { append(frame, .user, to: &stack) }
        for frame in resolved.kernelFrames.reversed() { append(frame, .kernel, to: &stack) }
        return stack
    }

    /// One frame is several where functions were inlined.
    private mutating func append(_ frame: NamedFrame, _ kind: Kind, to stack: inout [Int]) {
        stack.append(number(of: frame, kind))
        for inlined in frame.sources.dropLast().reversed() {
            stack.append(number(of: inlined.name, kind))
        }
    }

    private mutating func number(of frame: NamedFrame, _ kind: Kind) -> Int {
        guard let object: AnyObject = frame.location.symbol ?? frame.location.file else {
            return number(of: "[unknown]", kind)
        }
        let source = Source(kind: kind, object: ObjectIdentifier(object))
        if let known = numbersOfObjects[source] { return known }
        let found = number(of: frame.name?.printable ?? "[\(frame.fileName ?? "unknown")]", kind)
        numbersOfObjects[source] = found
        objects.append(object)
        return found
    }
}

/// Tasks with the same frames, merged by ``TopReport``.
struct MergedStack {
    /// The first of them.
    var example: ResolvedTask
    var members: [Member]

    struct Member {
        var dumpID: UInt64
        var number: Int
        var pid: UInt32
        var tgid: UInt32
        var comm: RawText
        var state: UInt8
    }

    var count: Int { members.count }
}
