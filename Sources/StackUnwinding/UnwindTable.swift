// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// Where a process has the sorted table over the unwind information of a file (`.eh_frame_hdr`).
///
/// Its header holds a version, how three fields are encoded, a pointer to `.eh_frame`, and how
/// many entries there are; the entries follow.
struct UnwindTable {
    /// Addresses of the mapping for which it was looked up.
    let addresses: Range<UInt64>
    /// Address of the header, to which the entries are relative.
    let start: UInt64
    /// Length of the table behind the header in words of 8 bytes, each one entry.
    let wordCount: UInt64

    /// Size of the header in the one encoding that linkers write.
    static let headerSize: UInt64 = 12

    /// Nil if the file has no table, or one in another encoding.
    init?(of place: ProcessImage.LoadedFile) {
        guard let header = place.file.unwindTable, let encodings = place.file.word(at: header),
            let count = place.file.word(at: header &+ 8)
        else { return nil }
        // Version 1; pointer sdata4 of any base; count udata4; table sdata4 relative to the header.
        guard encodings & 0xffff_0fff == 0x3b03_0b01 else { return nil }
        addresses = place.addresses
        start = header &+ place.bias
        wordCount = count & 0xffff_ffff
    }
}
