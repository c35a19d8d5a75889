// SPDX-License-Identifier: Apache-2.0
import Foundation
import Symbolisation
import Testing

@testable import StackUnwinding

/// Processes whose files are not where their paths lead, against gdb on the living process.
@Suite(.enabled(if: geteuid() == 0, "mounts, and opening /proc/PID/map_files, are root's"))
struct ElsewhereTests {
    private func newFolder() throws -> String {
        let path = try TemporaryFolder.shared.newFile()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    /// How many frames have the name of a function of `deep.c`.
    private func countNamed(_ frames: [Frame], in image: ProcessImage) -> Int {
        let own = ["stop", "first", "second", "third", "main", "_start"]
        return frames.count {
            image.location(of: $0.lookupAddress).symbol.map { own.contains($0.name) } == true
        }
    }

    /// Through the process all is found; without it, only what is in the libraries that it shares with others.
    private func expectOnlyTheProcessLeadsToItsFiles(_ child: borrowing ChildProcess) throws {
        let process = try #require(LiveProcess(pid: UInt32(child.pid)))
        let capture = LiveCapture(pid: child.pid)
        let (task, image) = try capture.captured(through: process)
        let stack = try #require(StackUnwinder(image: image).stack(of: task))
        let debugger = try Debugger.frames(of: child.pid)
        #expect(stack.end == .complete)
        #expect(stack.frames.map(\.address) == debugger.map(\.address))
        #expect(expectNames(of: stack.frames, in: image, like: debugger) == 0)
        #expect(countNamed(stack.frames, in: image) == 64)

        let (same, blind) = try capture.captured()
        let cut = try #require(StackUnwinder(image: blind).stack(of: same))
        #expect(cut.frames == Array(stack.frames.prefix(2)))
        #expect(countNamed(stack.frames, in: blind) == 0)
    }

    /// The machine has nothing under the program's path, or another program.
    @Test(arguments: [nil, "no-pie"])
    func inAnotherMountNamespace(other: String?) throws {
        let program = try #require(try Fixture.command("pie"))[0]
        let folder = try newFolder()
        if let other = try other.flatMap(Fixture.command) {
            try FileManager.default.copyItem(atPath: other[0], toPath: "\(folder)/program")
        }
        let child = try ChildProcess([
            "unshare", "-m", "sh", "-c",
            "mount -t tmpfs none \(folder) && cp \(program) \(folder)/program && exec \(folder)/program",
        ])
        _ = try child.waitForStop()
        try expectOnlyTheProcessLeadsToItsFiles(child)
    }

    @Test(arguments: ["rm program", "cp no-pie new && mv new program"])
    func removedOrReplaced(_ change: String) throws {
        let folder = try newFolder()
        for name in ["pie", "no-pie"] {
            let program = try #require(try Fixture.command(name))[0]
            try FileManager.default.copyItem(atPath: program, toPath: "\(folder)/\(name)")
        }
        try FileManager.default.moveItem(atPath: "\(folder)/pie", toPath: "\(folder)/program")
        let child = try ChildProcess(["\(folder)/program"])
        _ = try child.waitForStop()
        _ = try ChildProcess.output(of: ["sh", "-c", "cd \(folder) && \(change)"])
        try expectOnlyTheProcessLeadsToItsFiles(child)
    }

    /// A compiler in a container writes under the number that it has there, into its own `/tmp`.
    @Test func compiledCodeInAnotherPIDNamespace() throws {
        let folder = try newFolder()
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../ucli/compiled.c").standardized.path
        _ = try ChildProcess.output(of: ["gcc", "-O1", "-o", "\(folder)/compiled", source])
        let child = try ChildProcess([
            "unshare", "-mpf", "--kill-child", "sh", "-c",
            "mount --bind \(folder) /tmp && exec /tmp/compiled forever",
        ])
        for _ in 0..<3000 where !FileManager.default.fileExists(atPath: "\(folder)/perf-1.map") {
            usleep(10_000)
        }
        let children = try contents(of: "/proc/\(child.pid)/task/\(child.pid)/children")
        let pid = try #require(pid_t(String(decoding: children, as: UTF8.self).filter(\.isNumber)))
        let process = try #require(LiveProcess(pid: UInt32(pid)))
        // It may be about to jump there.
        for _ in 0..<1000 {
            let (task, image) = try LiveCapture(pid: pid).captured(through: process)
            let location = image.location(of: try #require(task.registers).rip)
            if location.file != nil {
                usleep(1000)
                continue
            }
            #expect(location.symbol?.name == "compiled_spin")
            return
        }
        Issue.record("it does not get to its own code")
    }
}
