// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import Symbolisation
import SystemPackage
import VariableLookup

/// A watch that runs.
struct StartedWatch {
    let id: UInt64
    let process: LiveProcess
    let variable: Variable
}

/// The way from a name to a watch. In a program that was just started, the variable may not be there yet.
struct WatchStart {
    let target: TargetOptions
    let condition: ConditionOptions
    let interval: UInt64
    let stop: StopSignal
    let program: StartedProgram?

    /// Between two looks at what a new program has mapped.
    private static let pauseMilliseconds = 2

    /// Nil if the program ended, or this one is to end, before the variable was there.
    func run(pid: UInt32, in session: borrowing WatchSession) throws -> StartedWatch? {
        guard let process = LiveProcess(pid: pid) else { throw Failure.noInput("there is no process \(pid)") }
        let lookup = VariableLookup(process)
        var seen: [MemoryMapping]?
        while true {
            let mappings = process.mappings()
            // Looking again makes sense when something else is mapped.
            if program == nil || mappings != seen, let watch = try tryOnce(lookup, session, mappings ?? []) {
                return watch
            }
            if seen == nil { note("waiting until the program has mapped \(target.symbol ?? "its variable")") }
            seen = mappings
            if let program, program.hasEnded {
                note("the program ended before there was a variable \(target.symbol ?? "")")
                return nil
            }
            if try poll(stop.descriptor, for: .readable, milliseconds: Self.pauseMilliseconds) { return nil }
        }
    }

    /// Nil if it is to be tried again.
    private func tryOnce(
        _ lookup: VariableLookup, _ session: borrowing WatchSession, _ mappings: [MemoryMapping]
    ) throws -> StartedWatch? {
        let variable: Variable
        do throws(LookupError) {
            variable = try target.find(with: lookup)
        } catch {
            if program != nil, error.mayAppear { return nil }
            throw Failure.noInput(error.description)
        }
        // While a library is being mapped, its variables' memory still is what lies behind its code.
        if program != nil,
            !mappings.contains(where: { $0.isWritable && $0.addresses.contains(variable.address) })
        {
            return nil
        }
        var request = try condition.request(for: variable.type)
        request.watch.address = variable.address
        request.watch.pid = Int32(clamping: lookup.process.pid)
        request.watch.interval_ns = interval
        setName(of: &request, variable.name)
        do throws(WatchSession.Refusal) {
            let watch = StartedWatch(
                id: try session.start(request), process: lookup.process, variable: variable)
            describe(watch)
            return watch
        } catch {
            if program != nil, error.mayPass { return nil }
            throw error.failure
        }
    }

    private func describe(_ watch: StartedWatch) {
        let variable = watch.variable
        let value = watch.process.bits(of: variable).map { ", now \(variable.type.text(ofBits: $0))" } ?? ""
        let file = variable.file.isEmpty ? "" : " in \(variable.file)"
        note(
            "watching \(variable.name) (\(variable.type)\(value)) of process \(watch.process.pid)\(file) at "
                + "0x\(String(variable.address, radix: 16))")
        if variable.typeSource == .size {
            note(
                "without debug information it is taken for \(variable.type), by its size; --type tells otherwise"
            )
        }
    }

    /// The end of a long one, which says more than its start.
    private func setName(of request: inout vmon_watch_condition, _ name: String) {
        var bytes = name.utf8.suffix(Int(MAX_NAME_LEN))
        // A part of a character is none.
        while let first = bytes.first, first & 0xc0 == 0x80 { bytes = bytes.dropFirst() }
        unsafe withUnsafeMutableBytes(of: &request.watch.name) { unsafe $0.copyBytes(from: bytes) }
    }
}
