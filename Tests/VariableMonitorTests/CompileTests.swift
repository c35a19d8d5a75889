// SPDX-License-Identifier: Apache-2.0

import Testing
import VariableMonitor

/// What the compiler says to a client. The warnings come with an underscored attribute,
/// which a later compiler may change.
@Suite("The compiler")
struct CompileTests {
    @Test("accepts variables that keep their address")
    func stable() throws {
        let (status, output) = try diagnose(
            """
            nonisolated(unsafe) var temp = 0
            nonisolated(unsafe) var ratio: Float = 0
            struct Pair { var first: Int32 = 0, second: UInt8 = 0 }
            nonisolated(unsafe) var pair = Pair()
            enum Counters { nonisolated(unsafe) static var retries: UInt64 = 0 }
            func start(_ allocated: UnsafeMutablePointer<Int16>) throws(WatchError) {
                try startWatch(&temp, threshold: 150)
                try startWatch(&temp, threshold: 10, when: .below, every: .microseconds(7), name: "temp")
                try startWatch(&pair.second, threshold: 1)
                try startWatch(&Counters.retries, threshold: 1)
                try startWatch(allocated + 3, threshold: -1)
                try startWatch(&ratio, threshold: 0.5)
                try startWatch(&temp, threshold: 150, ticks: 3, history: 100)
                try startWatch(&temp, when: .above(150, rearm: 100))
                try startWatch(&ratio, when: .below(-1, rearm: 0), ticks: 3, history: 100, name: "ratio")
                try startWatch(&temp, when: .equal(3))
                try startWatch(&ratio, when: .notEqual(1.5))
                try startWatch(&ratio, when: .outside(0.1...0.9))
                try startWatch(&temp, when: .changed)
                try startWatch(&pair.second, when: .changed(byMoreThan: 255))
                try startWatch(&ratio, when: .changed(byMoreThan: 0.25))
                try startWatch(&temp, when: .unchanged(for: .milliseconds(50)))
                try startWatch(&pair.second, when: .bits(any: 0b101))
                try startWatch(allocated, when: .bits(all: 0x8000))
                let cell = Watched(0)
                let watch = try startWatch(cell, threshold: 150, every: .seconds(1))
                try watch.change(threshold: 200)
                try startWatch(cell, when: .changed).cancel()
                for watch in try watches() where try watch.state().isMuted { try watch.cancel() }
                try cancelWatch()
            }
            """)
        #expect(output == "")
        #expect(status == 0)
    }

    @Test(
        "warns of variables that are passed as a temporary copy",
        arguments: [
            "func start() throws { var local = 0; try startWatch(&local, threshold: 1) }",
            """
            final class Owner { var property = 0 }
            func start(_ owner: Owner) throws { try startWatch(&owner.property, threshold: 1) }
            """,
            """
            nonisolated(unsafe) var array = [0]
            func start() throws { try startWatch(&array[0], threshold: 1) }
            """,
            """
            nonisolated(unsafe) var observed = 0 { didSet {} }
            func start() throws { try startWatch(&observed, threshold: 1) }
            """,
        ])
    func temporary(source: String) throws {
        let (status, output) = try diagnose(source)
        #expect(output.contains("[#TemporaryPointers]"), "\(output)")
        #expect(status == 0)

        let strict = try diagnose(source, "-Werror", "TemporaryPointers")
        #expect(strict.status != 0, "a client can turn the warning into an error")
    }

    @Test(
        "rejects types that cannot be watched",
        arguments: ["Float16", "Bool", "UInt128", "String", "Duration"])
    func unwatchable(type: String) throws {
        let (status, output) = try diagnose(
            """
            func start(_ variable: UnsafePointer<\(type)>, _ threshold: \(type)) throws {
                try startWatch(variable, threshold: threshold)
            }
            """)
        #expect(status != 0)
        #expect(output.contains("Watchable"), "\(output)")
    }

    @Test(
        "rejects conditions that make no sense for a type",
        arguments: [
            ("Double", ".bits(any: 1)"), ("Float", ".bits(all: 1)"),
            ("UInt8", ".above(256)"), ("UInt8", ".below(-1)"), ("Int", ".above(1.5)"),
            ("Int8", ".changed(byMoreThan: -1)"), ("UInt16", ".bits(any: 0x10000)"),
            ("Int", ".equal(1, rearm: 0)"), ("Int", ".outside(1...2, rearm: 0)"),
            ("Int", ".outside(1..<3)"), ("Int", ".unchanged(for: 5)"), ("Int", ".above"),
        ])
    func senseless(type: String, condition: String) throws {
        func start(_ condition: String) throws -> (status: CInt, output: String) {
            try diagnose(
                """
                func start(_ variable: UnsafePointer<\(type)>) throws {
                    try startWatch(variable, when: \(condition))
                }
                """)
        }
        #expect(try start(".changed").status == 0)
        #expect(try start(condition).status != 0)
    }

    @Test("rejects a cell of a type that cannot be watched, and takes one to another thread")
    func cells() throws {
        #expect(try diagnose("let cell = Watched(false)").output.contains("Watchable"))
        #expect(try diagnose("let cell = Watched(UInt128(1))").status != 0)
        let shared = "let cell = Watched(1.5); func run() { Task { cell.value += 1 } }"
        #expect(try diagnose(shared) == (0, ""))
        #expect(try diagnose("let cell = Watched(1.5); func count() { cell.add(1) }").status != 0)
    }

    @Test("rejects types that are declared to be watchable elsewhere")
    func sealed() throws {
        let (status, output) = try diagnose(
            """
            extension UInt128: @retroactive Watchable {
                public static var watchFormat: WatchFormat<UInt128> { WatchFormat() }
            }
            """)
        #expect(status != 0)
        #expect(output.contains("inaccessible"), "\(output)")
    }
}
