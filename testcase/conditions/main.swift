// SPDX-License-Identifier: Apache-2.0

// Starts a watch of each kind, brings its condition about, and prints each hit as it happens.
//
//     conditions

import Glibc
import VariableMonitor

/// Watches that did not hit yet.
var waiting: Set<UInt64> = []
/// What makes each of them hit.
var causes: [() -> Void] = []

@MainActor
@discardableResult
func watch<Value>(
    _ name: String, _ before: Value, when condition: Condition<Value>, then after: Value,
    ticks: Int = 1, history: Int = 0
) throws -> Watch<Value> {
    let cell = Watched(before)
    let watch = try startWatch(
        cell, when: condition, ticks: ticks, history: history, every: .milliseconds(1), name: name)
    waiting.insert(watch.id)
    causes.append { cell.value = after }
    return watch
}

@MainActor
func run() async throws {
    let monitor = try Monitor()
    let hits = monitor.hits

    let rearmed = try watch("above", 100, when: .above(150, rearm: 120), then: 151)
    try watch("below", Float(0.5), when: .below(-1.5), then: -2)
    try watch("equal", Int8(5), when: .equal(-7), then: -7)
    try watch("notEqual", UInt64.max, when: .notEqual(.max), then: 1)
    try watch("outside", 0.5, when: .outside(0.1...0.9), then: 1)
    try watch("changed", UInt16(0), when: .changed, then: 1)
    try watch("changedBy", Int32(0), when: .changed(byMoreThan: 10), then: -11)
    // A heartbeat that never beats.
    try watch("unchanged", 3, when: .unchanged(for: .milliseconds(50)), then: 3)
    try watch("bitsAny", UInt8(0b0001), when: .bits(any: 0b1100), then: 0b0100)
    try watch("bitsAll", 0b0100, when: .bits(all: 0b1100), then: 0b1100)
    try watch("row", 5, when: .above(5), then: 6, ticks: 3, history: 16)
    let moved = try watch("moved", 200, when: .above(1_000), then: 200)

    // A tick must have seen what is there before.
    while try watches().contains(where: { try $0.state().timerTicks < 3 }) { usleep(1_000) }
    print("\(try watches().count) watches")
    try moved.change(threshold: 100)
    for cause in causes { cause() }

    for await hit in hits where waiting.remove(hit.watchID) != nil {
        print("\(hit.name) \(hit.value)")
        if waiting.isEmpty { break }
    }
    let state = try rearmed.state()
    print("above hits: \(state.hits) disarmed: \(state.isDisarmed)")
    try rearmed.cancel()
    print("\(try watches().count) watches")
    try cancelWatch()
    print("\(try watches().count) watches")
}

do {
    try await run()
} catch {
    let line = Array("conditions: \(error)\n".utf8)
    write(STDERR_FILENO, line, line.count)
    exit(1)
}
