// SPDX-License-Identifier: Apache-2.0
// A program of Swift that is watched without knowing it: each number of its input becomes its queue's depth.
import Glibc

enum Queue {
    nonisolated(unsafe) static var depth: UInt16 = 5
}

// It has its memory from the first use on.
Queue.depth += 0
print("ready")
fflush(stdout)
while let line = readLine() {
    Queue.depth = UInt16(line) ?? 0
    print(Queue.depth)
    fflush(stdout)
}
