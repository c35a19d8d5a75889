// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Glibc
import Testing

@testable import VariableMonitor

/// The bytes of a hit's record.
private func hitRecord(
    id: UInt64 = 1, value: UInt64 = 151, tick: UInt64 = 0, change: (inout vmon_hit) -> Void = { _ in }
) -> [UInt8] {
    var hit = vmon_hit()
    hit.record = header(VMON_RECORD_HIT, size: MemoryLayout<vmon_hit>.size)
    hit.record.dump_id = 9
    hit.watch_id = id
    hit.value = value
    hit.threshold = 150
    hit.tick_ns = tick
    hit.tick_realtime_ns = 1_700_000_000_000_000_005
    hit.pid = 42
    hit.length = 8
    unsafe withUnsafeMutableBytes(of: &hit.name) { unsafe $0.copyBytes(from: "temp".utf8) }
    change(&hit)
    return unsafe withUnsafeBytes(of: hit) { unsafe Array($0) }
}

private func header(_ type: vmon_record_type, size: Int) -> vmon_record {
    var record = vmon_record()
    record.magic = UInt16(VMON_RECORD_MAGIC)
    record.type = UInt16(type.rawValue)
    record.size = UInt32(size)
    return record
}

private func otherRecord(_ type: vmon_record_type, size: Int = 48) -> [UInt8] {
    let bytes = unsafe withUnsafeBytes(of: header(type, size: size)) { unsafe Array($0) }
    return bytes + [UInt8](repeating: 0xff, count: max(0, size - bytes.count))
}

private func hits(_ bytes: [UInt8], since earliest: UInt64 = 0) -> [Hit] {
    unsafe Hit.hits(in: bytes.span.bytes, since: earliest)
}

@Suite("Records of hits")
struct HitTests {
    @Test("tell what hit, with which value, and when")
    func fields() throws {
        let hit = try #require(hits(hitRecord()).first)
        #expect(hit.watchID == 1 && hit.name == "temp" && hit.processID == 42 && hit.dumpID == 9)
        #expect(hit.value == .signed(151) && hit.threshold == .signed(150))
        #expect(hit.time == .seconds(1_700_000_000) + .nanoseconds(5))
    }

    @Test("have numbers as their variable's type has them")
    func numbers() {
        func number(_ bits: UInt64, _ length: UInt8, _ flags: vmon_watch_flags) -> String {
            "\(Hit.Number(bits, length: length, flags: UInt8(flags.rawValue)))"
        }
        #expect(number(.max, 8, vmon_watch_flags(0)) == "-1")
        #expect(number(.max, 8, VMON_WATCH_UNSIGNED) == "18446744073709551615")
        #expect(number(1.5.bitPattern, 8, VMON_WATCH_FLOAT) == "1.5")
        #expect(number(UInt64(Float(-0.25).bitPattern), 4, VMON_WATCH_FLOAT) == "-0.25")
        let unchanged = hitRecord {
            $0.comparison = UInt8(VMON_UNCHANGED.rawValue)
            $0.flags = 2
        }
        #expect(hits(unchanged).first?.threshold == .unsigned(150))
        let step = hitRecord { $0.comparison = UInt8(VMON_CHANGED_BY.rawValue) }
        #expect(hits(step).first?.threshold == .unsigned(150))
        let real = hitRecord {
            $0.comparison = UInt8(VMON_CHANGED_BY.rawValue)
            $0.flags = 2
            $0.threshold = 0.5.bitPattern
        }
        #expect(hits(real).first?.threshold == .real(0.5))
    }

    @Test("are found among others, known and unknown, and old ones are left out")
    func others() {
        let bytes =
            otherRecord(VMON_RECORD_DUMP_BEGIN) + hitRecord(id: 1, tick: 99)
            + otherRecord(vmon_record_type(999)) + hitRecord(id: 2, tick: 100)
            + otherRecord(VMON_RECORD_TASK, size: 40) + hitRecord(id: 3, tick: .max)
        #expect(hits(bytes).map(\.watchID) == [1, 2, 3])
        #expect(hits(bytes, since: 100).map(\.watchID) == [2, 3])
    }

    @Test("that are damaged are no hits, and nothing traps")
    func damaged() {
        let good = hitRecord()
        for count in 0..<good.count { #expect(hits(Array(good.prefix(count))) == []) }
        for size in [0, 1, 39, 159, 161, 162, UInt32.max] {
            #expect(hits(hitRecord { $0.record.size = size } + [0]).isEmpty == (size != 161), "\(size)")
        }
        #expect(hits(hitRecord { $0.record.magic = 0 }) == [])
        #expect(hits([UInt8](repeating: 0xff, count: 4_096)) == [])
        let name = hitRecord { hit in
            unsafe withUnsafeMutableBytes(of: &hit.name) { name in
                unsafe name.copyBytes(from: repeatElement(0xff, count: name.count))
            }
            hit.length = 0xff
            hit.flags = 0xff
            hit.comparison = 0xff
            hit.tick_realtime_ns = .max
            hit.pid = .max
        }
        #expect(hits(name).first?.name.isEmpty == false)
    }
}

/// A device whose reads return what is written to it, one write at a time.
private struct FakeDevice {
    let device: CInt
    let writer: CInt

    init() {
        var ends: [CInt] = [-1, -1]
        let kind = SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        unsafe socketpair(AF_UNIX, CInt(kind), 0, &ends)
        (device, writer) = (ends[0], ends[1])
    }

    func write(_ bytes: [UInt8]) {
        let written = unsafe Glibc.write(writer, bytes, bytes.count)
        #expect(written == bytes.count)
    }

    func end() { close(writer) }
}

/// A hit that does not come fails; the limit is longer than all tests take, for whose threads these wait.
@Suite("A monitor", .timeLimit(.minutes(30)))
struct MonitorTests {
    private let device = FakeDevice()

    @Test("hands each hit to every stream and every callback, and ends with the device")
    func hits() async throws {
        let monitor = try Monitor(device: device.device, since: 0)
        let (calls, call) = AsyncStream.makeStream(of: UInt64.self)
        monitor.onHit { call.yield($0.watchID) }
        let streams = [monitor.hits, monitor.hits]
        device.write(hitRecord(id: 1) + otherRecord(VMON_RECORD_TASK))
        device.write(hitRecord(id: 2) + hitRecord(id: 3))
        device.end()
        for stream in streams {
            #expect(await stream.reduce(into: []) { $0.append($1.watchID) } == [1, 2, 3])
        }
        call.finish()
        #expect(await calls.reduce(into: []) { $0.append($1) } == [1, 2, 3])
        #expect(monitor.failure == nil)
        #expect(await monitor.hits.first { _ in true } == nil, "nothing comes any more")
    }

    @Test("lives as long as a stream of it")
    func lives() async throws {
        let stream = try Monitor(device: device.device, since: 0).hits
        device.write(hitRecord(id: 7))
        #expect(await stream.first { _ in true }?.watchID == 7)
        device.end()
    }

    @Test("gives the device back when nobody needs it any more")
    func closes() async throws {
        do {
            let monitor = try Monitor(device: device.device, since: 0)
            _ = monitor.hits
        }
        // The other end is told once the last descriptor is closed.
        var event = pollfd(fd: device.writer, events: 0, revents: 0)
        #expect(unsafe poll(&event, 1, 30_000) == 1)
        #expect(event.revents & Int16(POLLHUP) != 0)
        device.end()
    }

    @Test("ends its streams, and says why, when the device cannot be read any more")
    func fails() async throws {
        // A folder can be opened, and polled, but not read.
        let folder = unsafe open("/", O_RDONLY | O_CLOEXEC)
        let monitor = try Monitor(device: folder, since: 0)
        for await _ in monitor.hits { Issue.record("a folder has no hits") }
        #expect(monitor.failure == WatchError(reading: EISDIR))
        close(device.device)
        device.end()
    }

    @Test("may end its stream from a callback, and ask for another")
    func reenters() async throws {
        let monitor = try Monitor(device: device.device, since: 0)
        let (done, finish) = AsyncStream.makeStream(of: Bool.self)
        monitor.onHit { [weak monitor] _ in
            _ = monitor?.hits
            finish.yield(true)
        }
        device.write(hitRecord())
        #expect(await done.first { _ in true } == true)
        device.end()
    }
}
