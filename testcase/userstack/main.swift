// SPDX-License-Identifier: Apache-2.0

// A deep stack to look at. The watched variable crosses its threshold at the end of a
// recursion and stays there, so that a dump shows every frame of it.
//
//     userstack [seconds]      how long it stays there; default: 60

import Glibc
import VariableMonitor

nonisolated(unsafe) var temp = 0

/// Calls in all, a third of them of each function.
let depth = 42
nonisolated(unsafe) var seconds = secondsToStay(default: 60)

// The rest of each function uses what the call returned, so that no frame is
// replaced by the next one's.

@inline(never)
func customFunction1(_ depth: Int) -> Int {
    guard depth > 1 else { return stayOverThreshold() &+ temp }
    return customFunction2(depth - 1) &+ temp
}

@inline(never)
func customFunction2(_ depth: Int) -> Int {
    guard depth > 1 else { return stayOverThreshold() &- temp }
    return customFunction3(depth - 1) &- temp
}

@inline(never)
func customFunction3(_ depth: Int) -> Int {
    guard depth > 1 else { return stayOverThreshold() ^ temp }
    return customFunction1(depth - 1) ^ temp
}

@inline(never)
func stayOverThreshold() -> Int {
    temp = 200
    // A signal may end it early.
    while seconds > 0 { seconds = sleep(seconds) }
    temp = 0
    return temp
}

func secondsToStay(default seconds: UInt32) -> UInt32 {
    guard CommandLine.arguments.count > 1 else { return seconds }
    guard let given = UInt32(CommandLine.arguments[1]) else {
        fail("usage: userstack [seconds]", status: 64)
    }
    return given
}

func fail(_ message: String, status: CInt) -> Never {
    let line = Array("\(message)\n".utf8)
    write(STDERR_FILENO, line, line.count)
    exit(status)
}

do {
    try startWatch(&temp, threshold: 150, name: "temp")
} catch {
    fail("userstack: \(error)", status: 1)
}
_ = customFunction1(depth)
