// SPDX-License-Identifier: Apache-2.0

// 2,049 watched variables in one process. A timer takes 32 of one interval, so they
// need 65. All of them cross their thresholds at once.
//
//     helloworld [seconds]     how long it stays before it cancels; default: 10

import Glibc
import VariableMonitor

let count = 2_049
let seconds = secondsToStay(default: 10)

/// Allocated once and never moved, as an array's elements might be.
let temps = UnsafeMutablePointer<Int>.allocate(capacity: count)
temps.initialize(repeating: 0, count: count)

do {
    for index in 0..<count {
        try startWatch(temps + index, threshold: 150, name: "temp\(index)")
    }
    say("watching \(count) variables")

    for index in 0..<count {
        temps[index] = 151 + index
    }
    say("all of them are over their thresholds")

    for _ in 0..<seconds { sleep(1) }
    try cancelWatch()
    say("cancelled")
} catch {
    fail("helloworld: \(error)", status: 1)
}

/// Says it at once, also into a pipe.
func say(_ message: String) {
    print(message)
    fflush(nil)
}

func secondsToStay(default seconds: Int) -> Int {
    guard CommandLine.arguments.count > 1 else { return seconds }
    guard let given = Int(CommandLine.arguments[1]), given >= 0 else {
        fail("usage: helloworld [seconds]", status: 64)
    }
    return given
}

func fail(_ message: String, status: CInt) -> Never {
    let line = Array("\(message)\n".utf8)
    write(STDERR_FILENO, line, line.count)
    exit(status)
}
