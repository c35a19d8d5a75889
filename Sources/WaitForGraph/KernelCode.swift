// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Symbolisation

/// What a task's kernel frames tell of what it does.
struct KernelCode {
    let symbols: KernelSymbols

    /// The leaf of a task that spins is one of few functions, below what an interrupt may have put there.
    private static let spinDepth = 6
    private static let spinFunctions: Set<String> = [
        "native_queued_spin_lock_slowpath", "__pv_queued_spin_lock_slowpath", "queued_spin_lock_slowpath",
        "queued_read_lock_slowpath", "queued_write_lock_slowpath", "_raw_spin_lock", "_raw_spin_lock_irq",
        "_raw_spin_lock_irqsave", "_raw_spin_lock_bh", "_raw_read_lock", "_raw_read_lock_irq",
        "_raw_read_lock_irqsave", "_raw_read_lock_bh", "_raw_write_lock", "_raw_write_lock_irq",
        "_raw_write_lock_irqsave", "_raw_write_lock_bh",
    ]

    /// The kernel leaves `io_schedule` and all others that only sleep out of stacks: these call them. They
    /// may have suffixes.
    private static let ioDepth = 4
    private static let ioFunctions = [
        "folio_wait_bit", "folio_wait_writeback", "__folio_lock", "wait_on_page_bit", "__lock_page",
        "__wait_on_buffer",
        "blk_mq_get_tag", "submit_bio_wait", "blk_execute_rq", "rq_qos_wait", "blkdev_direct_IO",
        "__blkdev_direct_IO", "dio_await", "balance_dirty_pages",
    ]

    private func symbols(of task: CapturedTask) -> some Sequence<Symbol> {
        task.kernelFrames.lazy.enumerated().compactMap { index, address in
            // All are return addresses, but the first of a task that was interrupted in the kernel.
            symbols.symbol(at: index > 0 || !task.flags.contains(.onCPU) ? address &- 1 : address)
        }
    }

    /// Whether it was caught while it tried to get a spinlock.
    func spins(_ task: CapturedTask) -> Bool {
        task.flags.contains(.onCPU)
            && symbols(of: task).prefix(Self.spinDepth).contains { Self.spinFunctions.contains($0.name) }
    }

    /// Modules whose functions it is in.
    func modules(of task: CapturedTask) -> Set<String> {
        Set(symbols(of: task).compactMap(\.kernelModule))
    }

    private func waitsForIO(_ task: CapturedTask) -> Bool {
        symbols(of: task).prefix(Self.ioDepth).contains { symbol in
            Self.ioFunctions.contains { symbol.name.hasPrefix($0) }
        }
    }

    func activity(of task: CapturedTask) -> Activity {
        switch task.state {
        case UInt8(ascii: "R"): .runs
        case UInt8(ascii: "S"), UInt8(ascii: "I"): .sleeps
        case UInt8(ascii: "D"):
            waitsForIO(task) ? .waitsForIO : .waits
        case UInt8(ascii: "T"), UInt8(ascii: "t"): .isStopped
        case UInt8(ascii: "Z"), UInt8(ascii: "X"): .hasExited
        default: .other(task.state)
        }
    }
}
