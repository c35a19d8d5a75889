// SPDX-License-Identifier: Apache-2.0
import CallFrameInformation
import FuzzInput

/// Call-frame information: the rules at many addresses, and the caller that they lead to.
///
/// An input is where the information begins in a segment of a file, in three 2-byte offsets of
/// which 0 stands for none, and then the segment:
///
/// - `.eh_frame_hdr`
/// - `.eh_frame`, for files without the former
/// - `.debug_frame`
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCallFrames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe runFuzzer(start, count) { bytes in
        var input = FuzzInput(bytes)
        let header = UInt64(input.take(UInt16.self))
        let exceptionFrames = UInt64(input.take(UInt16.self))
        let debugFrames = UInt64(input.take(UInt16.self))
        let segment = Segment(input.rest)
        let frames = CallFrames(
            CallFrames.Sources(
                header: header == 0 ? nil : base + header,
                memory: segment.bytes(from:),
                exceptionFrames: { exceptionFrames == 0 ? nil : segment.bytes(from: base + exceptionFrames) },
                debugFrames: { debugFrames == 0 ? nil : segment.bytes(from: base + debugFrames) }))
        let size = UInt64(input.rest.count)
        for address in stride(from: base, to: base + size, by: 3).prefix(512) { step(from: address, frames) }
        for address in [0, base - 1, base + size, .max] { step(from: address, frames) }
    }
}

/// Address of the segment's first byte.
private let base: UInt64 = 0x40_0000

private func step(from address: UInt64, _ frames: CallFrames) {
    let row = frames.row(at: address)
    require(row.kind != .empty, "a row that means nothing")
    let again = frames.row(at: address)
    require(again.kind == row.kind && again.frameOffset == row.frameOffset, "another row the second time")
    let rules = frames.rules(of: row)
    require(
        (rules != nil) == (row.kind == .complex || row.kind == .signalFrame),
        "a \(row.kind) row that has rules, or has none")
    var registers = RegisterValues(repeating: address &* 0x9e37_79b9_7f4a_7c15)
    registers[RegisterNumber.rip] = address
    // A stack of words that tell where they are, with a hole in every page.
    consume(rules?.caller(of: registers) { $0 & 0xfff < 8 ? nil : $0 &+ 16 } == nil)
}

/// The bytes of an input, as the file maps them.
///
/// They are copied, so that they stay where they are as long as someone has a part of them.
@safe private final class Segment {
    private let contents: UnsafeMutableRawBufferPointer

    init(_ source: ArraySlice<UInt8>) {
        unsafe contents = .allocate(byteCount: source.count, alignment: 1)
        unsafe contents.copyBytes(from: source)
    }

    /// From an address to the segment's end; nil if it is not in it.
    func bytes(from address: UInt64) -> SectionBytes? {
        let offset = address &- base
        guard unsafe offset < UInt64(contents.count) else { return nil }
        let part = unsafe UnsafeRawBufferPointer(rebasing: contents[Int(offset)...])
        return unsafe SectionBytes(part, address: address, owner: self)
    }

    deinit { unsafe contents.deallocate() }
}
