// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Reports

@Suite struct StackTreeTests {
    @Test func stacksWithTheSameFramesEndAtOneNode() {
        var tree = StackTree()
        let end = tree.add([1, 2, 3])
        #expect(tree.add([1, 2, 3]) == end)
        let shorter = tree.add([1, 2])
        let other = tree.add([2, 3])
        #expect(tree.stack(endingAt: end) == [1, 2, 3])
        #expect(tree.stack(endingAt: other) == [2, 3])
        #expect(tree.nodes[end].own == 2 && tree.nodes[shorter].own == 1)
        #expect(tree.totals == [4, 3, 3, 2, 1, 1])
    }

    @Test func anEmptyStackIsCountedAtTheRoot() {
        var tree = StackTree()
        #expect(tree.add([]) == 0)
        #expect(tree.totals == [1])
    }

    /// The page would be too large for a browser; what is left out must still be counted.
    @Test func aFlameGraphOfManyStacksIsBoundedAndComplete() throws {
        var report: any ReportRenderer = FlameGraphReport(nodesMax: 10)
        var tasks: [ResolvedTask] = []
        for number in 0..<100 as Range<UInt64> {
            let frames = ["f\(number)", "g\(number % 3)"].map { NamedFrame(address: number, name: $0) }
            tasks.append(try .sample(user: frames))
        }
        let page = text(of: &report, tasks)
        let nodes = try #require(page.split(separator: "\"nodes\":").last).prefix { $0 != "<" }
        // All, the name, three functions, and in each of these the merged ones.
        #expect(
            nodes.hasPrefix(
                "[[0,-1,100,0],[0,0,100,0],[1,1,34,0],[1,3,33,0],[1,5,33,0],[2,104,34,0],[3,104,33,0],[4,104,33,0]]"
            ))
    }
}
