// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import Reports
import Symbolisation

/// The symbols of the kernel that made a recording: those of its time, or of the kernel that runs if
/// it is the same boot.
func kernelSymbols(of file: RecordingFile) -> KernelSymbols {
    do throws(RecordingFileError) {
        let recorded = KernelSymbols(kallsyms: try file.kallsyms(), modules: try file.modules())
        if !recorded.isEmpty { return recorded }
        if file.machine.bootID == bootID() { return .ofRunningKernel() }
        note("kernel frames have no names: the recording was made without the right to see symbols")
    } catch {
        note("kernel frames have no names: \(error)")
    }
    return KernelSymbols(kallsyms: [], modules: [])
}

/// The variables of the kernel that made a recording, in the same way.
func kernelVariables(of file: RecordingFile) -> KernelVariables {
    let recorded = (try? file.kallsyms()) ?? []
    if recorded.isEmpty, file.machine.bootID == bootID() { return .ofRunningKernel() }
    return KernelVariables(kallsyms: { recorded })
}

/// The symbols of the kernel that runs, if they belong to a profile; else those that perf has kept.
func kernelSymbols(of profile: PerfDataFile) -> KernelSymbols {
    let running = KernelSymbols.buildIDOfRunningKernel()
    if running == nil || profile.kernelBuildID == nil || running == profile.kernelBuildID {
        let symbols = KernelSymbols.ofRunningKernel()
        if symbols.belong(to: profile) { return symbols }
    }
    if let buildID = profile.kernelBuildID, let reference = profile.kernelReference,
        let kept = KernelSymbols.keptByPerf(
            ofKernel: buildID, symbol: reference.symbol, at: reference.address)
    {
        return kept
    }
    note(
        """
        kernel frames have no names: the profile is of another boot or kernel, or symbols are hidden from you, and \
        perf has kept none that show where the kernel was
        """)
    return KernelSymbols(kallsyms: [], modules: [])
}

/// Other at each boot; empty if it cannot be read.
func bootID() -> String {
    let bytes = (try? readFile("/proc/sys/kernel/random/boot_id")) ?? []
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}
