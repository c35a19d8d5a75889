// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor
import Testing

@testable import VariableMonitor

@Suite("A watch's request")
struct WatchRequestTests {
    @Test("has the layout that the header asserts")
    func layout() {
        #expect(MemoryLayout<vmon_watch>.size == 72)
        #expect(MemoryLayout<vmon_watch>.stride == 72)
        #expect(MemoryLayout<vmon_watch>.offset(of: \.id) == 24)
        #expect(MemoryLayout<vmon_watch>.offset(of: \.name) == 40)
    }

    @Test("extends the least and the greatest threshold of every type to 64 bits")
    func encodings() throws {
        let high: UInt64 = 1 << 63
        try expect(Int8.self, 1, isSigned: true, least: .max - 0x7f, greatest: 0x7f)
        try expect(Int16.self, 2, isSigned: true, least: .max - 0x7fff, greatest: 0x7fff)
        try expect(Int32.self, 4, isSigned: true, least: .max - 0x7fff_ffff, greatest: 0x7fff_ffff)
        try expect(Int64.self, 8, isSigned: true, least: high, greatest: high - 1)
        try expect(Int.self, 8, isSigned: true, least: high, greatest: high - 1)
        try expect(UInt8.self, 1, isSigned: false, least: 0, greatest: 0xff)
        try expect(UInt16.self, 2, isSigned: false, least: 0, greatest: 0xffff)
        try expect(UInt32.self, 4, isSigned: false, least: 0, greatest: 0xffff_ffff)
        try expect(UInt64.self, 8, isSigned: false, least: 0, greatest: .max)
        try expect(UInt.self, 8, isSigned: false, least: 0, greatest: .max)
    }

    private func expect<Value: Watchable & FixedWidthInteger>(
        _ type: Value.Type, _ length: UInt8, isSigned: Bool, least: UInt64, greatest: UInt64,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        for (threshold, encoded) in [(Value.min, least), (Value.max, greatest)] {
            let request = try request(when: .above(threshold)).watch
            #expect(request.length == length, sourceLocation: location)
            #expect(request.threshold == encoded, sourceLocation: location)
            let unsigned = UInt8(VMON_WATCH_UNSIGNED.rawValue)
            #expect(request.flags == (isSigned ? 0 : unsigned), sourceLocation: location)
        }
    }

    @Test("says on which side of the threshold a hit is")
    func comparison() throws {
        #expect(try request(when: Condition(.above, 150)).watch.comparison == VMON_GREATER.rawValue)
        #expect(try request(when: Condition(.below, 150)).watch.comparison == VMON_LESS.rawValue)
    }

    @Test("is for this process, and leaves zero what must be")
    func zeros() throws {
        let request = try request().watch
        #expect(request.pid == 0)
        #expect(request.id == 0)
        #expect(request.reserved0 == 0)
        #expect(request.reserved.0 == 0)
        #expect(request.reserved.1 == 0)
    }

    @Test(
        "has its interval in whole nanoseconds",
        arguments: [
            (nil, 0), (.nanoseconds(1), 1), (.microseconds(7), 7_000),
            (.seconds(3_600), 3_600_000_000_000),
            (.nanoseconds(Int64.max), UInt64(Int64.max)),
            (Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999), 1),
        ] as [(Duration?, UInt64)])
    func interval(_ interval: Duration?, nanoseconds: UInt64) throws {
        #expect(try request(every: interval).watch.interval_ns == nanoseconds)
    }

    @Test(
        "never has the default interval because another was too short, and no interval traps",
        arguments: [
            .zero, .seconds(-1), .nanoseconds(-1), .seconds(Int64.min), .seconds(Int64.max),
            Duration(secondsComponent: 0, attosecondsComponent: 999_999_999),
            .seconds(18_446_744_074),
        ] as [Duration])
    func wrongInterval(_ interval: Duration) {
        let error = #expect(throws: WatchError.self) { try request(every: interval) }
        #expect(error == WatchError(.intervalOutOfRange))
    }

    @Test(
        "has a name of up to 15 bytes",
        arguments: ["", "temp", "fifteen bytes it", "Größe der Wart"])
    func name(_ name: String) throws {
        let name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        var bytes = try request(name: name).watch.name
        let read = unsafe withUnsafeBytes(of: &bytes) { unsafe Array($0) }
        #expect(read == Array(name.utf8) + Array(repeating: 0, count: 16 - name.utf8.count))
    }

    @Test(
        "has no name that would be cut",
        arguments: [
            "sixteen bytes it", "Größe der Warte", "two\0parts", "\0",
            String(repeating: "x", count: 1_000),
        ])
    func wrongName(_ name: String) {
        let error = #expect(throws: WatchError.self) { try request(name: name) }
        #expect(error == WatchError(.invalidName))
    }

    private func request<Value>(
        when condition: Condition<Value> = Condition<Int>.above(150), every interval: Duration? = nil,
        name: String = "temp"
    ) throws(WatchError) -> vmon_watch_condition {
        try vmon_watch_condition(
            address: 1, when: condition, ticks: 1, history: 0, every: interval, name: name)
    }
}

@Suite("A default name")
struct DefaultNameTests {
    @Test(
        "keeps the line whole and cuts the end of the file, between characters",
        arguments: [
            ("Module/main.swift", 7, "main.swift:7"),
            ("Module/ThermalModel.swift", 120, "ThermalMode:120"),
            ("main.swift", 12345, "main.swif:12345"),
            ("", 7, ":7"),
            ("Module/", 7, "Module:7"),
            // ö and ß have two bytes each: with the ß it would be 16.
            ("Module/VieleGrößen.swift", 1234, "VieleGrö:1234"),
            // One character of 18 bytes.
            ("Module/👩‍👩‍👧.swift", 1, ":1"),
            ("Module/main.swift", .max, ":18446744073709"),
        ] as [(String, UInt, String)])
    func cut(file: String, line: UInt, name: String) {
        #expect(defaultName(file: file, line: line) == name)
        #expect(name.utf8.count <= 15)
    }
}
