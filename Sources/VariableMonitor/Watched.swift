// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

/// A number in memory of its own, made to be watched.
///
///     let temp = Watched(0)
///     try startWatch(temp, threshold: 150)
///     temp.value = 200
///
/// A plain variable may be copied by the compiler, and in a hot loop an optimiser merges its
/// stores into one: what it held in between is never in memory to be seen. A cell keeps its
/// address, and each store of its value happens, in one instruction that costs what a plain
/// store costs.
///
/// A cell may be used from any thread. `temp.value += 1` is a load and a store: of threads that
/// count at the same time one may lose, unless they use ``add(_:)``. Loads and stores are
/// relaxed: they order nothing else.
///
/// When the last reference to a cell is gone, its watches end with it.
@safe public final class Watched<Value: Watchable>: @unchecked Sendable {
    /// Aligned to its size, so that it never crosses a cache line.
    @usableFromInline let place: UnsafeMutableRawPointer
    private let session: Session
    /// Those that were started with this cell. The session's lock protects it, which a fork minds.
    private var watches: [AnyWatch] = []

    /// A cell that holds a value.
    public convenience init(_ value: Value) {
        self.init(value, session: .ofProcess)
    }

    init(_ value: Value, session: Session) {
        let size = MemoryLayout<Value>.size
        unsafe place = .allocate(byteCount: size, alignment: size)
        self.session = session
        self.value = value
    }

    deinit {
        for watch in watches {
            // It may have ended, or be a parent's: then nothing watches this memory for this process.
            try? watch.cancel()
        }
        unsafe place.deallocate()
    }

    /// The value. Each store of it reaches memory.
    @inlinable public var value: Value {
        get {
            // The width is known where the type is, and one of the loads is left.
            switch MemoryLayout<Value>.size {
            case 1: unsafe unsafeBitCast(vmon_cell_load8(place), to: Value.self)
            case 2: unsafe unsafeBitCast(vmon_cell_load16(place), to: Value.self)
            case 4: unsafe unsafeBitCast(vmon_cell_load32(place), to: Value.self)
            default: unsafe unsafeBitCast(vmon_cell_load64(place), to: Value.self)
            }
        }
        set {
            switch MemoryLayout<Value>.size {
            case 1: unsafe vmon_cell_store8(place, unsafeBitCast(newValue, to: UInt8.self))
            case 2: unsafe vmon_cell_store16(place, unsafeBitCast(newValue, to: UInt16.self))
            case 4: unsafe vmon_cell_store32(place, unsafeBitCast(newValue, to: UInt32.self))
            default: unsafe vmon_cell_store64(place, unsafeBitCast(newValue, to: UInt64.self))
            }
        }
    }

    /// Starts a watch that ends with the cell.
    func startWatch(
        when condition: Condition<Value>, ticks: Int, history: Int, every interval: Duration?,
        name: String
    ) throws(WatchError) -> Watch<Value> {
        let watch = unsafe try session.watch(
            UnsafePointer(place.assumingMemoryBound(to: Value.self)), when: condition, ticks: ticks,
            history: history, every: interval, name: name)
        session.descriptor.withLock { _ in watches.append(watch.handle) }
        if watchCount > most { forgetEnded() }
        return watch
    }

    /// More do not live at once, so of more some have ended.
    private var most: Int { Int(MAX_TIMER_NUM * TIMER_MAX_WATCH_NUM) }

    private var watchCount: Int { session.descriptor.withLock { _ in watches.count } }

    /// For a cell that is watched anew again and again.
    private func forgetEnded() {
        guard let living = try? Set(session.watches()) else { return }
        session.descriptor.withLock { _ in watches.removeAll { !living.contains($0) } }
    }
}

extension Watched where Value: FixedWidthInteger {
    /// Adds to the value in one step, so that threads that count at the same time lose nothing.
    ///
    /// A sum that does not fit wraps around, as with `&+`.
    ///
    /// - Returns: the sum.
    @inlinable @discardableResult
    public func add(_ step: Value) -> Value {
        switch MemoryLayout<Value>.size {
        case 1: unsafe .init(truncatingIfNeeded: vmon_cell_add8(place, .init(truncatingIfNeeded: step)))
        case 2: unsafe .init(truncatingIfNeeded: vmon_cell_add16(place, .init(truncatingIfNeeded: step)))
        case 4: unsafe .init(truncatingIfNeeded: vmon_cell_add32(place, .init(truncatingIfNeeded: step)))
        default: unsafe .init(truncatingIfNeeded: vmon_cell_add64(place, .init(truncatingIfNeeded: step)))
        }
    }
}
