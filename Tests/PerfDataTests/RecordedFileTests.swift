// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Foundation
import Testing

@testable import PerfData

/// Files that perf records here and now; what `perf script` says of them is right.
@Suite struct RecordedFileTests {
    /// Ways to record that give files of different shape.
    enum Way: String, CaseIterable {
        case oneEvent, twoEvents, buildIDsInMappings, stream

        var options: [String] {
            switch self {
            case .oneEvent, .stream: ["-e", "context-switches", "-c", "1"]
            case .twoEvents: ["-e", "context-switches", "-e", "cpu-clock", "-F", "999"]
            case .buildIDsInMappings: ["--buildid-mmap", "-e", "context-switches", "-c", "1"]
            }
        }
    }

    /// Several processes that fork, execute others, sleep, and load libraries.
    private static let program = [
        "sh", "-c", "sleep 0.01 & sleep 0.02; ls / >/dev/null; (sleep 0.01; true); wait",
    ]

    private func record(_ way: Way) throws -> ScratchFile {
        let file = try ScratchFile()
        let target = way == .stream ? "-" : file.path
        let arguments = ["record", "-q", "--call-graph", "dwarf", "-o", target] + way.options + ["--"]
        let output = try run("perf", arguments + Self.program)
        if way == .stream { try output.write(to: URL(fileURLWithPath: file.path)) }
        return file
    }

    /// What a program writes to its standard output.
    private func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments)")
        return output
    }

    private func script(_ file: ScratchFile, _ fields: String) throws -> [Substring] {
        let output = try run("perf", ["script", "--no-inline", "--ns", "-i", file.path, "-F", fields])
        return String(decoding: output, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
    }

    @Test(arguments: Way.allCases) func samplesAreThoseOfPerfScript(_ way: Way) throws {
        let file = try record(way)
        // Of streams perf prints the frames all the same.
        let expected = try script(file, "comm,pid,tid,time,event,period").filter {
            !$0.isEmpty && !$0.hasPrefix("\t")
        }
        let profile = try file.open()
        let samples = try profile.samples().map(\.sample)
        #expect(profile.damages.first == [])
        #expect(samples.count == expected.count && samples.count > 8)
        for (sample, line) in zip(samples, expected) {
            let task = sample.task
            let (seconds, rest) = task.header.time.quotientAndRemainder(dividingBy: 1_000_000_000)
            let fraction = String(String(rest + 1_000_000_000).dropFirst())
            let fields = line.split(separator: " ").map(String.init)
            let event = sample.event
            #expect(
                fields == [
                    task.comm.string, "\(task.tgid)/\(task.pid)", "\(seconds).\(fraction):",
                    "\(event.period)", "\(event.name):",
                ])
        }
        if way == .twoEvents {
            #expect(Set(samples.map(\.event.name)) == ["context-switches", "cpu-clock"])
        }
    }

    @Test(arguments: Way.allCases) func kernelFramesAreThoseOfPerfScript(_ way: Way) throws {
        let file = try record(way)
        var expected: [[UInt64]] = []
        // A sample's frames are lines behind its own, up to an empty one.
        for line in try script(file, "tid,time,ip") {
            if line.contains(":") {
                expected.append([])
            } else if let word = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first,
                let address = UInt64(word, radix: 16), address >> 63 == 1, address != .max
            {
                // The last one stands for a return address of 0 on the user stack.
                expected[expected.count - 1].append(address)
            }
        }
        let found = try file.open().samples().map { $0.sample.task.kernelFrames }
        #expect(found == expected)
        #expect(found.contains { $0.count > 3 })
    }

    /// The first user frame of a stack is where the instruction pointer was.
    @Test(arguments: Way.allCases) func theInstructionPointerLiesInPerfsFile(_ way: Way) throws {
        let file = try record(way)
        var expected: [String?] = []
        for line in try script(file, "tid,time,ip,sym,dso") {
            if line.first != "\t", line.contains(":") {
                expected.append(nil)
            } else if let open = line.lastIndex(of: "("), expected.last == .some(nil) {
                let name = line[line.index(after: open)...].dropLast()
                let isFile = !name.hasPrefix("[kernel") && !name.hasPrefix("[unknown")
                if isFile { expected[expected.count - 1] = String(name) }
            }
        }
        let seen = try file.open().samples()
        #expect(seen.count == expected.count)
        var compared = 0
        for (one, path) in zip(seen, expected) {
            guard let path, let address = one.sample.task.registers?.rip else { continue }
            #expect(one.mappings.first { $0.addresses.contains(address) }?.path == path)
            compared += 1
        }
        #expect(compared > 8)
    }

    /// Without stacks there is nothing to unwind, and the message says how to get them.
    @Test func aFileWithoutStacksSaysSo() throws {
        let file = try ScratchFile()
        _ = try run(
            "perf",
            ["record", "-q", "-g", "-e", "context-switches", "-c", "1", "-o", file.path, "--"] + Self.program)
        #expect(throws: PerfDataError.noUserStacks) { try file.open() }
    }

    @Test func theHostAndItsKernelAreKnown() throws {
        let profile = try record(.oneEvent).open()
        let release = String(decoding: try run("uname", ["-r"]), as: UTF8.self)
        #expect(profile.host.release.map { $0 + "\n" } == release)
        #expect(profile.host.architecture == "x86_64")
        let address = try #require(profile.kernelReference?.address)
        #expect(address >> 63 == 1)
    }
}
