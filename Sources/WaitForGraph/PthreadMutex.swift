// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords

/// The owner of a pthread mutex of glibc, from the four words at the futex that a thread waits for.
struct PthreadMutex {
    let ownerTID: UInt32

    /// Low bits of futex(2)'s operation; without `FUTEX_PRIVATE_FLAG`. `pthread_mutex_lock` uses this one, and
    /// condition variables, semaphores and most timed waits do not.
    private static let futexWait: UInt32 = 0
    private static let privateFlag: UInt32 = 128
    private static let waiters: UInt32 = 0x8000_0000
    private static let tidMask: UInt32 = 0x3fff_ffff

    /// Nil if the words are not surely those of a mutex that is held.
    init?(_ futex: BlockedOn.Futex) {
        guard futex.operation & ~Self.privateFlag == Self.futexWait, futex.hasPIDs, let words = futex.words,
            words.count == 4
        else { return nil }
        let (lock, owner, users) = (words[0], words[2], words[3])
        // 2: taken, and somebody waits. A robust mutex has the owner there too.
        let isTaken = lock == 2 || lock & Self.waiters != 0 && lock & Self.tidMask == owner
        guard isTaken, owner != 0, users != 0 else { return nil }
        ownerTID = owner
    }
}
