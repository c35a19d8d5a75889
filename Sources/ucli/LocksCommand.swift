// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DumpRecords
import Reports
import Symbolisation

/// `ucli locks`: who waits for which lock, and whether that can end.
struct LocksCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "locks",
        abstract: "Say which tasks wait for which locks, who holds them, and whether they are deadlocked.",
        discussion: """
            Without a file, the module makes a dump now. It has all tasks that run or wait uninterruptibly; \
            those that wait for a pthread mutex only if their process is named with --pid.

            CYCLE: tasks wait for one another. SELF: a task waits for its own lock. ORPHAN: the holder \
            exited. LIKELY-CYCLE: tasks wait for one another, if locks that name no owner are held by whom they \
            seem to be. CHAIN: tasks wait for one that can go on. UNKNOWN: nothing tells who holds the \
            lock. SPINNING: tasks want a spinlock.

            Exit status: 0 no deadlock found, 1 a deadlock found (one of the first four); all \
            failures have others, as ucli --help lists them.

                ucli locks
                ucli locks --pid 4711
                ucli locks saved.rec --format dot | dot -Tsvg > locks.svg
                ucli locks --watch --every 60
            """)

    @Argument(help: "A file that ucli record wrote.", completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("How it is written: \(Self.formats).", valueName: "format"))
    var format = LockReportFormat.text

    @Flag(help: "Short for --format json.")
    var json = false

    @Option(help: ArgumentHelp("All threads of this process too, whatever their state.", valueName: "pid"))
    var pid: UInt32?

    @Flag(help: "Look at each dump as it comes, and print each deadlock once, until interrupted.")
    var watch = false

    @Option(help: ArgumentHelp("With --watch, make a dump every so many seconds.", valueName: "seconds"))
    var every: UInt32?

    private static let formats = LockReportFormat.allCases.map { "\($0.rawValue) (\($0.summary))" }
        .joined(separator: ", ")

    func validate() throws {
        if file != nil, watch || pid != nil {
            throw ValidationError("--watch and --pid are for the machine as it is, not for files.")
        }
        if json, format == .dot { throw ValidationError("Give one format.") }
        if every != nil, !watch { throw ValidationError("--every goes with --watch.") }
        if every == 0 { throw ValidationError("--every takes at least 1 second.") }
        if pid != nil, watch, every == nil { throw ValidationError("With --watch, --pid goes with --every.") }
    }

    func execute() throws {
        let hasDeadlock =
            if let file {
                try examineRecording(file)
            } else if watch {
                try LockWatch(doctor: .ofThisMachine(), format: chosenFormat, pid: pid, seconds: every).run()
            } else {
                try examineMachine()
            }
        if hasDeadlock { throw ExitCode.deadlockFound }
    }

    private var chosenFormat: LockReportFormat { json ? .json : format }

    private func examineRecording(_ path: String) throws -> Bool {
        let file = try openRecording(path)
        let recording = file.recording()
        let doctor = LockDoctor(functions: kernelSymbols(of: file), variables: kernelVariables(of: file))
        for notice in notices(of: recording) { note(notice) }
        var output = Output()
        var hasDeadlock = false
        for dump in recording.dumps {
            let findings = doctor.examine(dump)
            hasDeadlock = hasDeadlock || findings.hasDeadlock
            chosenFormat.write(findings, to: &output.buffer)
            try output.drain()
        }
        try output.finish()
        // A deadlock in what could be read is there, whatever else may be.
        if !hasDeadlock, file.isCutShort || !recording.damages.isEmpty { throw ExitCode(65) }
        return hasDeadlock
    }

    private func examineMachine() throws -> Bool {
        let device = try Device()
        let doctor = LockDoctor.ofThisMachine()
        var buffer = SnapshotBuffer()
        var findings = doctor.examine(try buffer.snapshot(device, pid: pid))
        // Who sleeps with a lock is not in a dump unless asked for.
        if pid == nil, let holder = findings.missingHolders.first,
            let dump = try? buffer.snapshot(device, pid: holder.tgid)
        {
            findings = doctor.examine(dump)
        }
        var output = Output()
        chosenFormat.write(findings, to: &output.buffer)
        try output.finish()
        return findings.hasDeadlock
    }
}

extension LockReportFormat: ExpressibleByArgument {}

extension ExitCode {
    /// Of `ucli locks` alone: no failure has it.
    static let deadlockFound = ExitCode(1)
}

extension LockDoctor {
    static func ofThisMachine() -> LockDoctor {
        LockDoctor(functions: .ofRunningKernel(), variables: .ofRunningKernel())
    }
}

extension Dump {
    /// Whether nothing else had it made. A hit, or a task that hangs, may come into the dump that was asked for.
    var isOnlyRequested: Bool { begin?.reasons == .request }
}

/// Dumps that are made only to be looked at, and that leave the module's buffer as it was.
struct SnapshotBuffer {
    /// Dumps of others are in the buffer, which somebody may want to read.
    private var hasForeignDumps = false

    /// Has a dump made, and removes it from the buffer unless others are there before it, or a hit came into it.
    mutating func snapshot(_ device: borrowing Device, pid: UInt32?) throws(Failure) -> Dump {
        let id = try device.requestDump(pid: pid)
        let recording = try device.readRecording()
        for notice in notices(of: recording) { note(notice) }
        guard let dump = recording.dumps.first(where: { $0.id == id }) else {
            throw .cannotRead("dump \(id) is not in the buffer any more: another program removed it")
        }
        hasForeignDumps = hasForeignDumps || recording.dumps.contains { $0.id != id || !$0.isOnlyRequested }
        if !hasForeignDumps { try device.release(upTo: recording.lastFinishedSequence) }
        return dump
    }
}
