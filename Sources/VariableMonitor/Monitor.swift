// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc

/// Tells of hits as they happen, to those who may read the device.
///
///     let monitor = try Monitor()
///     for await hit in monitor.hits {
///         print("\(hit.name) was \(hit.value)")
///     }
///
/// It tells of the hits of all processes, from its creation on; ``Hit/watchID`` says which watch
/// it was. A hit is known when its dump begins, which may be a second after the tick
/// (`dump_gap_ms`). What `ucli` reads is not taken away from it.
///
/// Reading needs root, or CAP_PERFMON with CAP_SYS_PTRACE, for records tell of all processes.
/// A child of fork(2) has no thread that reads, and hears nothing from its parent's monitor.
public final class Monitor: Sendable {
    private struct Receivers {
        var streams: [Int: AsyncStream<Hit>.Continuation] = [:]
        var callbacks: [@Sendable (Hit) -> Void] = []
        var streamsMade = 0
        var hasEnded = false
        var failure: WatchError?
    }

    private let reader: HitReader
    private let receivers = ForkSafeLock(Receivers())

    /// Opens the device for reading.
    ///
    /// - Throws: `WatchError`; `mayNotRead` without the right to, `noDevice` without the module.
    public convenience init() throws(WatchError) {
        let device = openDevice(O_RDONLY | O_NONBLOCK)
        guard device >= 0 else { throw WatchError(reading: -device) }
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        try self.init(
            device: device, since: UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec))
    }

    /// Owns the device, and starts the thread that reads it.
    init(device: CInt, since earliest: UInt64) throws(WatchError) {
        reader = try HitReader(device: device)
        let (reader, receivers) = (reader, receivers)
        let result = startThread {
            var failure: WatchError?
            do throws(WatchError) {
                try reader.read(since: earliest) { Monitor.pass($0, to: receivers) }
            } catch {
                failure = error
            }
            Monitor.end(receivers, failure)
        }
        // EAGAIN: no memory, or too many threads.
        guard result == 0 else { throw WatchError(.memoryLimit, errno: result) }
    }

    deinit {
        reader.stop()
    }

    /// Hits from now on; each call makes a stream of its own.
    ///
    /// It ends when its task is cancelled, or if the device cannot be read any more: see ``failure``.
    /// The monitor lives as long as a stream of it. Who is slow loses the oldest of more than
    /// 1,024 hits that wait.
    public var hits: AsyncStream<Hit> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Hit.self, bufferingPolicy: .bufferingNewest(1_024))
        let number: Int? = receivers.withLock { receivers in
            guard !receivers.hasEnded else { return nil }
            receivers.streamsMade += 1
            receivers.streams[receivers.streamsMade] = continuation
            return receivers.streamsMade
        }
        if let number {
            continuation.onTermination = { [self] _ in
                _ = receivers.withLock { $0.streams.removeValue(forKey: number) }
            }
        } else {
            continuation.finish()
        }
        return stream
    }

    /// Has a function called for each hit from now on, as long as the monitor lives.
    ///
    /// It is called from a thread of the monitor's own: the next hit waits for its return.
    public func onHit(_ callback: @escaping @Sendable (Hit) -> Void) {
        receivers.withLock { $0.callbacks.append(callback) }
    }

    /// Why no more hits come; `nil` as long as they do.
    public var failure: WatchError? {
        receivers.withLock { $0.failure }
    }

    /// Calls no one under the lock, for they may ask for another stream, or end theirs.
    private static func pass(_ hits: [Hit], to receivers: ForkSafeLock<Receivers>) {
        guard !hits.isEmpty else { return }
        let (streams, callbacks) = receivers.withLock { (Array($0.streams.values), $0.callbacks) }
        for hit in hits {
            for stream in streams { stream.yield(hit) }
            for callback in callbacks { callback(hit) }
        }
    }

    private static func end(_ receivers: ForkSafeLock<Receivers>, _ failure: WatchError?) {
        let streams = receivers.withLock { receivers in
            receivers.hasEnded = true
            receivers.failure = failure
            defer { receivers.streams = [:] }
            return Array(receivers.streams.values)
        }
        for stream in streams { stream.finish() }
    }
}
