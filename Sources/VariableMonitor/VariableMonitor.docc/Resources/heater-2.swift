// SPDX-License-Identifier: Apache-2.0

import Glibc
import VariableMonitor

let temp = Watched(20)

@inline(never)
func heat() {
    while temp.value < 200 {
        temp.value += 1
        usleep(1_000)
    }
    sleep(3)
}

try startWatch(temp, threshold: 150, name: "temp")

heat()
print("It is \(temp.value) degrees.")
