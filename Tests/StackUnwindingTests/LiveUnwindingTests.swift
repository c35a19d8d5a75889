// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Glibc
import Symbolisation
import Testing

@testable import StackUnwinding

/// Real stacks of real programs, unwound from records, against gdb on the living process.
@Suite struct LiveUnwindingTests {
    /// Ways to lay out a program in its file and in memory.
    enum Build: String, CaseIterable {
        case positionIndependent, fixedAddress, separateCode, codeWithHeaders, staticallyLinked

        var flags: [String] {
            switch self {
            case .positionIndependent: ["-fomit-frame-pointer", "-pie", "-fPIE"]
            case .fixedAddress: ["-fomit-frame-pointer", "-no-pie", "-fno-pie"]
            case .separateCode: ["-fomit-frame-pointer", "-Wl,-z,separate-code"]
            case .codeWithHeaders: ["-fomit-frame-pointer", "-Wl,-z,noseparate-code"]
            case .staticallyLinked: ["-fomit-frame-pointer", "-static-pie"]
            }
        }
    }

    struct NamedFrame: Equatable {
        let address: UInt64
        let name: String?
        let isReturnAddress: Bool
    }

    private func frames(_ capture: LiveCapture) throws -> [NamedFrame] {
        var recording = Recording()
        recording.append(try capture.records())
        #expect(recording.damages == [])
        let dump = try #require(recording.dumps.first)
        let task = try #require(dump.tasks.first)
        let image = ProcessImage(dump.addressSpaces[task.addressSpace], files: ElfFileCache())
        return StackUnwinder(image: image).stack(of: task)!.frames.map {
            NamedFrame(
                address: $0.address, name: image.location(of: $0.lookupAddress).symbol?.name,
                isReturnAddress: $0.lookupAddress == $0.address - 1)
        }
    }

    /// Of frames that gdb names and that are the program's own, the names too. Where gdb guesses by
    /// the nearest symbol, or knows another name for an address of a library, it is no judge.
    private func expectSameAsDebugger(_ frames: [NamedFrame], _ pid: pid_t, own: Set<String>) throws {
        let expected = try Debugger.frames(of: pid)
        #expect(frames.map(\.address) == expected.map(\.address))
        for (frame, expected) in zip(frames, expected) where expected.name.map(own.contains) == true {
            #expect(frame.name == expected.name)
        }
    }

    @Test(arguments: Build.allCases)
    func deepRecursion(_ build: Build) throws {
        let child = try SampleProgram.c(SampleProgram.recursion, build.flags).start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let functions = ["customFunction1", "customFunction2", "customFunction3"]
        let names = frames.compactMap(\.name)
        #expect(names.filter(functions.contains) == (0...40).map { functions[(40 - $0) % 3] })
        #expect(names.contains("rest"))
        #expect(names.contains("main"))
        #expect(frames.last?.name == "_start")
        try expectSameAsDebugger(frames, child.pid, own: Set(functions + ["rest", "main", "_start"]))
    }

    @Test func framesUnderASignalHandler() throws {
        let child = try SampleProgram.c(SampleProgram.signal, ["-fomit-frame-pointer"]).start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let own = ["handler", "spin", "caller", "main", "_start"]
        #expect(frames.compactMap(\.name).filter(own.contains) == own)
        // The trampoline and what it returns to have not called anything.
        let handler = try #require(frames.firstIndex { $0.name == "handler" })
        #expect(frames[handler...].map(\.isReturnAddress).prefix(5) == [true, false, false, true, true])
        try expectSameAsDebugger(frames, child.pid, own: Set(own))
    }

    @Test func callsAtTheEndOfAFunction() throws {
        let child = try SampleProgram.c(SampleProgram.noreturn, ["-fomit-frame-pointer"]).start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let names = frames.compactMap(\.name)
        #expect(names.contains("endsWithACall"))
        #expect(!names.contains("follows"))
        try expectSameAsDebugger(
            frames, child.pid, own: ["stop", "endsWithACall", "follows", "main", "_start"])
    }

    @Test func aFunctionWithoutUnwindInformationBetweenOthers() throws {
        let child = try SampleProgram.c(SampleProgram.noUnwindInformation, ["-fomit-frame-pointer"]).start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let own = ["stop", "withoutInformation", "endsWithACall", "main", "_start"]
        #expect(frames.compactMap(\.name).filter(own.contains) == own)
        try expectSameAsDebugger(frames, child.pid, own: Set(own))
    }

    @Test func aReturnAddressInARegister() throws {
        let child = try SampleProgram.c(SampleProgram.returnAddressInRegister, ["-fomit-frame-pointer"])
            .start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let own = ["leaf", "caller", "main", "_start"]
        #expect(frames.compactMap(\.name).filter(own.contains) == own)
        try expectSameAsDebugger(frames, child.pid, own: Set(own))
    }

    @Test func libunwindGoesOnWhereRowsCannot() throws {
        let child = try SampleProgram.c(SampleProgram.oddInformation, ["-fomit-frame-pointer"]).start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let own = ["stop", "odd", "caller", "main", "_start"]
        #expect(frames.compactMap(\.name).filter(own.contains) == own)
        try expectSameAsDebugger(frames, child.pid, own: Set(own))
    }

    private func namesOfRecursion(_ flags: [String]) throws -> [String?] {
        let child = try SampleProgram.c(SampleProgram.recursion, flags).start()
        return try frames(LiveCapture(pid: child.pid)).map(\.name)
    }

    /// Code without any unwind information, as some languages have it, keeps frame pointers. gdb does
    /// without these, so the same program with unwind information is the judge.
    @Test func framePointersWhereThereIsNothingElse() throws {
        let keepPointers = ["-fno-omit-frame-pointer"]
        let names = try namesOfRecursion(
            keepPointers + ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"])
        #expect(names.count { $0?.hasPrefix("customFunction") == true } == 41)
        #expect(names.last == "_start", "behind main there is unwind information again")
        #expect(try names == namesOfRecursion(keepPointers))
    }

    @Test func swiftFunctions() throws {
        let child = try SampleProgram.swift(SampleProgram.swiftRecursion).start()
        let frames = try frames(LiveCapture(pid: child.pid))
        let names = frames.compactMap(\.name)
        #expect(names.count { $0.hasSuffix(".Worker.descend") } == 11)
        #expect(names.allSatisfy { !$0.contains(" ") && !$0.hasPrefix("$s") })
        try expectSameAsDebugger(frames, child.pid, own: ["main", "_start"])
    }

    /// The process is gone: its files are all that is needed.
    @Test func aProcessThatWasKilled() throws {
        let records: [UInt8]
        do {
            let child = try SampleProgram.c(SampleProgram.recursion, Build.positionIndependent.flags).start()
            records = try LiveCapture(pid: child.pid).records()
        }
        var recording = Recording()
        recording.append(records)
        let dump = try #require(recording.dumps.first)
        let image = ProcessImage(dump.addressSpaces[1], files: ElfFileCache())
        let frames = StackUnwinder(image: image).stack(of: dump.tasks[0])!.frames
        #expect(frames.last.flatMap { image.location(of: $0.lookupAddress).symbol?.name } == "_start")
    }

    /// Names from a file that was replaced would be wrong ones.
    @Test func filesWithOtherContentsAreNotUsed() throws {
        let child = try SampleProgram.c(SampleProgram.recursion, Build.positionIndependent.flags).start()
        var capture = LiveCapture(pid: child.pid)
        capture.buildIDChange = { $0.map { ~$0 } }
        let frames = try frames(capture)
        #expect(!frames.isEmpty)
        #expect(frames.allSatisfy { $0.name == nil })
    }

    /// Up to where the copy ends, the frames are the same.
    @Test func aCopyThatIsTooShort() throws {
        let child = try SampleProgram.c(SampleProgram.recursion, Build.positionIndependent.flags).start()
        let whole = try frames(LiveCapture(pid: child.pid))
        let cut = try frames(LiveCapture(pid: child.pid, stackLimit: 512))
        #expect(cut.count > 5)
        #expect(cut.count < whole.count)
        #expect(cut == Array(whole.prefix(cut.count)))
    }
}
