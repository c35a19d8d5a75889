// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WaitForGraph

/// Graphs that nobody thought of, judged by the plainest search there is.
@Suite struct RandomGraphTests {
    /// The owner of the lock for which each task waits; 0 where it waits for none.
    private func owners(count: Int, seed: UInt64) -> [Int] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % (count + count / 4 + 1)
        }
    }

    /// Whether following owners from a task comes back to it.
    private func isOnCircle(_ task: Int, _ owners: [Int]) -> Bool {
        var next = owners[task - 1]
        for _ in owners {
            if next == task { return true }
            guard next > 0, next <= owners.count else { return false }
            next = owners[next - 1]
        }
        return false
    }

    @Test(arguments: 1...60)
    func eachTaskIsInOneVerdictAndEachCircleIsFound(_ seed: Int) throws {
        let owners = owners(count: 1 + seed % 17, seed: UInt64(seed))
        var scene = Scene()
        scene.task(1000)
        for (index, owner) in owners.enumerated() where owner > 0 {
            scene.wait(UInt32(index + 1), for: UInt64(owner * 8), owner: UInt32(owner))
        }
        let verdicts = try scene.graph().verdicts()
        let judged = verdicts.flatMap { $0.waits + $0.behind }.map { Int($0.waiter.id.pid) }
        #expect(judged.sorted() == owners.indices.filter { owners[$0] > 0 }.map { $0 + 1 })
        let circles = verdicts.filter(\.isDeadlock).flatMap(\.waits).map { Int($0.waiter.id.pid) }
        #expect(circles.sorted() == judged.sorted().filter { isOnCircle($0, owners) })
        for verdict in verdicts {
            let pids = verdict.waits.map { Int($0.waiter.id.pid) }
            for (pid, next) in zip(pids, pids.dropFirst()) { #expect(owners[pid - 1] == next) }
            if verdict.isCircle { #expect(owners[pids.last! - 1] == pids.first!) }
        }
    }
}
