// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import FuzzInput
import Symbolisation

/// Saved recordings, with the kernel's symbols in them. What the records in them say is for fuzz-records.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecordings(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        do throws(RecordingFileError) {
            let file = try RecordingFile(bytes)
            require(RecordingFile.isOne(bytes), "it was opened, but is none")
            consume(file.machine)
            for damage in file.recording().damages {
                require(damage.offset + damage.skipped <= bytes.count, "damage behind the end")
            }
            let symbols = KernelSymbols(kallsyms: try file.kallsyms(), modules: try file.modules())
            for address in [0, 0xffff_ffff_8100_0010, .max] as [UInt64] {
                consume(symbols.symbol(at: address)?.name)
            }
        } catch {
            require(!error.description.isEmpty, "an error without a reason")
        }
    }
}
