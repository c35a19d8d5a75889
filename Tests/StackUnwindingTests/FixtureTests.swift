// SPDX-License-Identifier: Apache-2.0
import CallFrameInformation
import DumpRecords
import Glibc
import Symbolisation
import Testing

@testable import StackUnwinding

/// Programs of many compilers, linkers and languages, against gdb on the living process.
@Suite struct FixtureTests {
    /// How gdb's frames differ from ours, and why.
    enum Difference: Equatable {
        case none
        /// gdb reads the process's own memory, where it goes on.
        case weStop
        /// Behind goexit, whose caller is the address 0, gdb shows that as a frame.
        case debuggerShowsNull
    }

    struct Expectation: CustomTestStringConvertible {
        let name: String
        var end = UserStack.End.complete
        var difference = Difference.none
        /// How many frames have names that gdb does not demangle.
        var mangledNames = 0
        var testDescription: String { name }
    }

    static let expectations =
        [
            "pie", "no-pie", "separate-code", "noseparate-code", "static", "static-stripped", "static-pie",
            "stripped", "branch-protection", "frame-pointers", "no-unwind-tables", "unoptimised", "lld",
            "handler", "handler-static", "frames", "frames-pointers", "lld-frames", "noreturn",
            "exceptions", "exceptions-static", "rust", "python",
        ].map { Expectation(name: $0) } + [
            Expectation(name: "swift", mangledNames: 21),
            Expectation(name: "swift-lld", mangledNames: 81),
            Expectation(name: "swift-async", mangledNames: 2),
            Expectation(name: "handler-alternate", end: .otherStack, difference: .weStop),
            Expectation(name: "32-bit", end: .is32Bit, difference: .weStop),
            Expectation(name: "go", difference: .debuggerShowsNull),
        ]

    /// These have no `.eh_frame_hdr`, which libunwind needs: linked statically by gcc, or by Go.
    private static let beyondLibunwind: Set = [
        "static", "static-stripped", "handler-static", "exceptions-static", "go",
    ]

    @Test(arguments: expectations)
    func sameFramesAsTheDebugger(_ expected: Expectation) throws {
        guard let command = try Fixture.command(expected.name) else { return }
        let child = try ChildProcess(command)
        let thread = try child.waitForStop()
        let (ours, referee, image) = try stacks(LiveCapture(pid: thread))
        #expect(ours.end == expected.end)

        let debugger = try Debugger.frames(of: child.pid, thread: thread)
        let addresses = ours.frames.map(\.address)
        let theirs = debugger.map(\.address)
        switch expected.difference {
        case .none: #expect(addresses == theirs)
        case .weStop: #expect(addresses == Array(theirs.prefix(addresses.count)))
        case .debuggerShowsNull: #expect(addresses + [0] == theirs)
        }
        // Code of 32 bits has no names either.
        if ours.end != .is32Bit {
            #expect(expectNames(of: ours.frames, in: image, like: debugger) == expected.mangledNames)
        }

        print("\(expected.name): \(ours.frames.count) frames, libunwind \(referee.frames.count)")
        if expected.name == "go" {
            #expect(referee.frames == Self.byFramePointers(ours.frames))
        } else if Self.beyondLibunwind.contains(expected.name) {
            #expect(referee.frames.count < ours.frames.count)
            #expect(referee.frames == Array(ours.frames.prefix(referee.frames.count)))
        } else {
            #expect(referee.frames == ours.frames)
        }
    }

    /// Without call-frame information gdb guesses by looking at the code, and is lost after the leaf. The
    /// program with it has the same code at the same addresses, and so the same stack.
    @Test func goWithoutInformation() throws {
        guard let command = try Fixture.command("go"), let stripped = try Fixture.command("go-stripped")
        else {
            return
        }
        func frames(_ command: [String]) throws -> [Frame] {
            let child = try ChildProcess(command)
            return try stacks(LiveCapture(pid: child.waitForStop())).ours.frames
        }
        let whole = try frames(command)
        #expect(whole.count > 40)
        #expect(try frames(stripped) == Self.byFramePointers(whole))
    }

    /// A leaf in assembly has no frame pointer of its own, so that its caller's is taken for it.
    private static func byFramePointers(_ frames: [Frame]) -> [Frame] {
        [frames[0]] + frames[2...]
    }

    /// What we say, what libunwind says alone, and the code that both walked through.
    private func stacks(
        _ capture: LiveCapture
    ) throws -> (ours: UserStack, referee: UserStack, image: ProcessImage) {
        let (task, image) = try capture.captured()
        return (
            try #require(StackUnwinder(image: image).stack(of: task)),
            try #require(StackUnwinder(image: image, method: .libunwind).stack(of: task)), image
        )
    }

    /// The kernel's code in every process has call-frame information of its own.
    @Test func stoppedInTheVdso() throws {
        let child = try ChildProcess(try #require(try Fixture.command("clock")))
        try child.stop {
            let (task, image) = try LiveCapture(pid: child.pid).captured()
            return image.location(of: task.registers!.rip).file?.path == Array("[vdso]".utf8)
        }
        let (ours, referee, _) = try stacks(LiveCapture(pid: child.pid))
        #expect(ours.end == .complete)
        #expect(ours.frames.map(\.address) == (try Debugger.frames(of: child.pid).map(\.address)))
        #expect(referee.frames == ours.frames)
    }

    /// The copy may end at any word; then the frames before it are right, and the end is told.
    @Test func copiesThatEndTooEarly() throws {
        let child = try ChildProcess(try #require(try Fixture.command("pie")))
        let thread = try child.waitForStop()
        let whole = try stacks(LiveCapture(pid: thread)).ours
        for limit in stride(from: 0, to: 1024, by: 8) {
            let cut = try stacks(LiveCapture(pid: thread, stackLimit: limit)).ours
            #expect(cut.end == .truncated, "\(limit) bytes")
            #expect(cut.frames == Array(whole.frames.prefix(cut.frames.count)))
        }
    }

    /// A busy program, stopped at many moments: in the middle of prologues, epilogues and hand-written code.
    /// Rows and libunwind are two readers of the same information.
    @Test func agreesWithLibunwindAtAnyMoment() throws {
        let child = try ChildProcess(try #require(try Fixture.command("busy")))
        let files = ElfFileCache()
        var frames = 0
        var leaves: Set<UInt64> = []
        for _ in 0..<300 {
            try child.stop { true }
            var recording = Recording()
            recording.append(try LiveCapture(pid: child.pid).records())
            let dump = try #require(recording.dumps.first)
            let image = ProcessImage(dump.addressSpaces[1], files: files)
            let ours = StackUnwinder(image: image).stack(of: dump.tasks[0])!
            let referee = StackUnwinder(image: image, method: .libunwind).stack(of: dump.tasks[0])!
            #expect(ours.frames == referee.frames)
            frames += ours.frames.count
            leaves.insert(ours.frames[0].address)
            kill(child.pid, SIGCONT)
            usleep(1000)
        }
        #expect(leaves.count > 50)
        #expect(frames > 300 * 10)
    }
}
