// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import FuzzInput
import PerfData
import Symbolisation
import SystemPackage

/// Files of perf record: opened, and then every sample with what its process had mapped.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPerfData(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        let contents = MappableFile(contents: bytes[...])
        do {
            let file = try PerfDataFile(FilePath(String(decoding: contents.path, as: UTF8.self)))
            consume(file.host)
            consume(file.kernelBuildID)
            consume(file.kernelReference)
            try file.forEachSample(where: { $0.pid != 1 }, makeSpace: checked) { sample, mappings in
                read(sample)
                consume(mappings)
            }
            for damage in file.damages.first { consume(damage.description) }
            require(file.damages.first.count <= file.damages.count, "damages that are not counted")
        } catch let error as PerfDataError {
            require(!error.description.isEmpty, "an error without a reason")
        } catch {
            require(false, "an unexpected error: \(error)")
        }
    }
}

/// Mappings come sorted, and none lies in another.
private func checked(_ mappings: [FileMapping]) -> [FileMapping] {
    for (lower, upper) in zip(mappings, mappings.dropFirst()) {
        require(lower.addresses.upperBound <= upper.addresses.lowerBound, "mappings that overlap")
    }
    return mappings
}

private func read(_ sample: ProfileSample) {
    consume(sample.event)
    consume(sample.task.comm.string)
    consume(sample.task.kernelFrames)
    let stack = sample.task.stack
    for offset in stride(from: 0, to: UInt64(stack.bytes.count), by: 509) {
        consume(stack.word(at: stack.start &+ offset))
    }
}
