// SPDX-License-Identifier: Apache-2.0
import FuzzInput
import Symbolisation

/// A file that a process has mapped, looked at as the unwinder and the reports do.
///
/// An input is two file addresses to look up, 8 bytes each, and the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzElf(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        var input = FuzzInput(bytes)
        let wanted = [input.take(), input.take()] as [UInt64]
        let file = MappableFile(contents: input.rest)
        let files = ElfFileCache()
        for offset in stride(from: 0, to: input.rest.count, by: pageSize).prefix(8) {
            let mapping = file.mapping(at: base..<base + mappingSize, offset: UInt64(offset))
            lookUp(wanted, in: ProcessImage(mappings: [mapping], files: files))
        }
    }
}

private let base: UInt64 = 0x7f00_0000_0000
private let mappingSize: UInt64 = 1 << 15
private let pageSize = 4096

private func lookUp(_ wanted: [UInt64], in image: ProcessImage) {
    for address in stride(from: base, to: base + mappingSize, by: 127) {
        let location = image.location(of: address)
        consume(location.symbol?.name)
        require(location.file != nil, "the mapping is lost")
    }
    guard let place = image.file(at: base) else { return }
    consume(place.file.buildID)
    for address in wanted + [place.file.unwindTable ?? 0, 0, .max] {
        consume(image.location(of: address &+ place.bias))
        consume(image.word(at: address &+ place.bias))
        consume(place.file.word(at: address))
        consume(place.file.symbol(at: address)?.name)
    }
}
