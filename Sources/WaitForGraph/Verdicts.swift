// SPDX-License-Identifier: Apache-2.0

extension WaitForGraph {
    /// All verdicts, deadlocks first; each task that waits is in exactly one of them.
    ///
    /// - Complexity: O(*n*) for *n* waits, and O(*n* · *m*) for *m* suspects.
    public func verdicts() -> [Verdict] {
        var search = VerdictSearch(self)
        return search.run()
    }
}

/// The search for circles, and for the ends of chains.
private struct VerdictSearch {
    private let graph: WaitForGraph
    private let waits: [Wait]
    private var found: [Found] = []
    /// For each wait the number of what was found about it, of which it is a part, or behind which it is.
    private var place: [Int?]

    /// A verdict in the making, of numbers of waits.
    private struct Found {
        let kind: Verdict.Kind
        var members: [Int]
        var behind: [Int] = []
    }

    /// What chains have in common that belong together.
    private enum End: Hashable {
        case holder(Party.ID)
        case lock(Lock)
        case wait(Int)
    }

    init(_ graph: WaitForGraph) {
        self.graph = graph
        waits = graph.waits
        place = Array(repeating: nil, count: graph.waits.count)
    }

    mutating func run() -> [Verdict] {
        for circle in circles(next: certainNext) { add(circle, kind(ofCertain: circle)) }
        findOrphans()
        let stuck = stuckIfSuspicionsAreRight()
        for circle in circles(next: { stuck.contains($0) ? likelyNext($0) : nil }) {
            add(circle, .likelyCycle)
        }
        findChains()
        var verdicts = found.map(verdict)
        if !graph.spinners.isEmpty {
            verdicts.append(Verdict(kind: .spinning(graph.spinners), waits: [], behind: []))
        }
        return verdicts.filter(\.isDeadlock) + verdicts.filter { !$0.isDeadlock }
    }

    private func verdict(_ found: Found) -> Verdict {
        Verdict(
            kind: found.kind, waits: found.members.map { waits[$0] },
            behind: found.behind.sorted().map { waits[$0] })
    }

    // MARK: Circles

    /// The wait of the task that holds the lock, for certain.
    private func certainNext(_ index: Int) -> Int? {
        guard case .task(let holder) = waits[index].holder else { return nil }
        return graph.indexOfWait(of: holder)
    }

    /// … or that is the first to be suspected of it.
    private func likelyNext(_ index: Int) -> Int? {
        guard case .suspects(let suspects, _) = waits[index].holder, let first = suspects.first else {
            return certainNext(index)
        }
        return graph.indexOfWait(of: first)
    }

    /// Follows each wait to the next until it comes to one where it was before.
    private func circles(next: (Int) -> Int?) -> [[Int]] {
        var circles: [[Int]] = []
        var walkOf = [Int?](repeating: nil, count: waits.count)
        for start in waits.indices {
            var path: [Int] = []
            var index: Int? = start
            while let current = index, walkOf[current] == nil, place[current] == nil {
                walkOf[current] = start
                path.append(current)
                index = next(current)
            }
            guard let current = index, walkOf[current] == start, let first = path.firstIndex(of: current)
            else {
                continue
            }
            circles.append(Array(path[first...]))
        }
        return circles
    }

    private func kind(ofCertain circle: [Int]) -> Verdict.Kind {
        if circle.count == 1 { return .ownLock }
        return circle.map { waits[$0] }.waitedTogether() ? .cycle : .passingCircle
    }

    private mutating func add(_ members: [Int], _ kind: Verdict.Kind) {
        for index in members { place[index] = found.count }
        found.append(Found(kind: kind, members: members))
    }

    /// Waits that nobody ends who could: each possible holder is itself one of them.
    private func stuckIfSuspicionsAreRight() -> Set<Int> {
        var waiting = [[Int]](repeating: [], count: waits.count)
        var stuck = Set(waits.indices)
        var leaving: [Int] = []
        for index in waits.indices {
            let nexts = possibleNexts(index)
            for case let next? in nexts { waiting[next].append(index) }
            if nexts.isEmpty || nexts.contains(nil) || ![waits[index]].waitedTogether() {
                stuck.remove(index)
                leaving.append(index)
            }
        }
        while let left = leaving.popLast() {
            for index in waiting[left] where stuck.remove(index) != nil { leaving.append(index) }
        }
        return stuck
    }

    /// The waits of all who may hold the lock; nil for one who waits for no lock.
    private func possibleNexts(_ index: Int) -> [Int?] {
        switch waits[index].holder {
        case .task: [certainNext(index)]
        case .suspects(let suspects, _): suspects.map(graph.indexOfWait)
        case .exited, .unknown: []
        }
    }

    // MARK: Chains

    /// All who wait for one such lock are of one verdict.
    private mutating func findOrphans() {
        var numberOfLock: [Lock: Int] = [:]
        for index in waits.indices {
            guard case .exited(let holder) = waits[index].holder, place[index] == nil else { continue }
            if let lock = waits[index].lock, let number = numberOfLock[lock] {
                place[index] = number
                found[number].behind.append(index)
                continue
            }
            if let lock = waits[index].lock { numberOfLock[lock] = found.count }
            add([index], .orphan(holder))
        }
    }

    /// What is left has an end: in what was found, at a task that waits for no lock, or in the unknown.
    private mutating func findChains() {
        var numberOfEnd: [End: Int] = [:]
        for chain in chainsByLength() {
            guard place[chain.start] == nil else { continue }
            let path = path(from: chain.start)
            if let last = path.last.flatMap(certainNext), let number = place[last] {
                join(path, to: number)
                continue
            }
            let (end, kind) = end(of: path.last!)
            if let number = numberOfEnd[end] {
                join(path, to: number)
            } else {
                numberOfEnd[end] = found.count
                add(path, kind)
            }
        }
    }

    private mutating func join(_ path: [Int], to number: Int) {
        for index in path { place[index] = number }
        found[number].behind += path
    }

    /// The waits from one on that are in no verdict yet.
    private func path(from start: Int) -> [Int] {
        var path: [Int] = []
        var index: Int? = start
        while let current = index, place[current] == nil {
            path.append(current)
            index = certainNext(current)
        }
        return path
    }

    private func end(of last: Int) -> (End, Verdict.Kind) {
        if case .task(let holder) = waits[last].holder {
            return (.holder(holder.id), .chain(holder, graph.activity(of: holder)))
        }
        return (waits[last].lock.map(End.lock) ?? .wait(last), .unknownHolder)
    }

    /// All waits, with how many are before each at least, the longest chains first: what a verdict
    /// shows is the longest.
    private func chainsByLength() -> [(start: Int, length: Int)] {
        var length = [Int?](repeating: nil, count: waits.count)
        for start in waits.indices {
            var path: [Int] = []
            var index: Int? = start
            while let current = index, length[current] == nil, place[current] == nil {
                // A circle is a verdict of its own, so that this ends.
                path.append(current)
                index = certainNext(current)
            }
            var known = index.flatMap { length[$0] } ?? 0
            for current in path.reversed() {
                known += 1
                length[current] = known
            }
        }
        return waits.indices.map { ($0, length[$0] ?? 0) }.sorted {
            ($1.length, $0.start) < ($0.length, $1.start)
        }
    }
}
