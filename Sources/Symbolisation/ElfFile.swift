// SPDX-License-Identifier: Apache-2.0
import CElf
import CallFrameInformation

/// A 64-bit ELF program or library: where its bytes go in memory, and what its functions are called.
///
/// A *file address* is one that the file itself uses; a process has it at that plus its load bias.
public final class ElfFile {
    let bytes: FileBytes
    private let segments: [Segment]
    /// Empty if the file has none.
    public let buildID: [UInt8]
    /// File address of the header of the binary search table over unwind information (`PT_GNU_EH_FRAME`).
    public let unwindTable: UInt64?
    private(set) lazy var symbols = FileSymbols(self, debugFiles: debugFiles)
    private let debugFiles: DebugFiles?
    /// How its functions are unwound.
    public private(set) lazy var callFrames = CallFrames(bytes, segments, header: unwindTable)

    /// A part of the file that is loaded (`PT_LOAD`).
    struct Segment {
        let offset: UInt64
        let address: UInt64
        let fileSize: UInt64
        let isExecutable: Bool
    }

    private static let pageMask: UInt64 = 4095
    private static let headersMax = 512
    private static let buildIDMax: UInt64 = 64

    /// Nil if the bytes are no 64-bit ELF file.
    ///
    /// - Parameter debugFiles: where what was stripped off the file may be found.
    init?(_ bytes: FileBytes, debugFiles: DebugFiles? = nil) {
        guard let header = bytes.load(at: 0, as: Elf64_Ehdr.self),
            header.e_ident.0 == 0x7f, header.e_ident.1 == UInt8(ascii: "E"),
            header.e_ident.2 == UInt8(ascii: "L"), header.e_ident.3 == UInt8(ascii: "F"),
            Int32(header.e_ident.4) == ELFCLASS64, Int32(header.e_ident.5) == ELFDATA2LSB,
            Int(header.e_phentsize) == MemoryLayout<Elf64_Phdr>.size
        else { return nil }

        var segments: [Segment] = []
        var buildID: [UInt8] = []
        var unwindTable: UInt64?
        for index in 0..<min(Int(header.e_phnum), Self.headersMax) {
            let offset = header.e_phoff &+ UInt64(index * MemoryLayout<Elf64_Phdr>.size)
            guard let part = bytes.load(at: offset, as: Elf64_Phdr.self) else { break }
            switch Int64(part.p_type) {
            case Int64(PT_LOAD):
                segments.append(
                    Segment(
                        offset: part.p_offset, address: part.p_vaddr, fileSize: part.p_filesz,
                        isExecutable: part.p_flags & UInt32(PF_X) != 0))
            case Int64(PT_NOTE) where buildID.isEmpty:
                buildID = Self.buildID(inNotesAt: part.p_offset, size: part.p_filesz, of: bytes)
            case Int64(PT_GNU_EH_FRAME):
                unwindTable = part.p_vaddr
            default: break
            }
        }
        self.bytes = bytes
        self.debugFiles = debugFiles
        self.segments = segments
        self.buildID = buildID
        self.unwindTable = unwindTable
    }

    /// What to add to file addresses, where a part of the file is mapped executable; nil if no
    /// such part belongs there.
    ///
    /// An address minus its offset differs from segment to segment, so it takes the segment.
    public func loadBias(ofMappingAt address: UInt64, offset: UInt64) -> UInt64? {
        let segment = segments.first {
            $0.isExecutable && $0.offset & ~Self.pageMask <= offset && offset < $0.offset &+ $0.fileSize
        }
        guard let segment else { return nil }
        return address &- (segment.address &+ (offset &- segment.offset))
    }

    /// The 8 bytes that a process has at a file address, before it writes to them.
    public func word(at address: UInt64) -> UInt64? {
        // Whole pages are mapped, and those who read words read across a segment's end.
        for segment in segments where address >= segment.address & ~Self.pageMask {
            let end = (segment.address &+ segment.fileSize &+ Self.pageMask) & ~Self.pageMask
            if address < end {
                return bytes.word(at: segment.offset &+ (address &- segment.address))
            }
        }
        return nil
    }

    /// The function at a file address.
    public func symbol(at address: UInt64) -> Symbol? {
        symbols.symbol(at: address)
    }

    /// The file with the information for debuggers (DWARF): this one, or what was stripped off it; nil if
    /// there is none. It has the same addresses.
    public var debugInformation: FileBytes? { symbols.debugInformation }

    static func buildID(inNotesAt start: UInt64, size: UInt64, of bytes: FileBytes) -> [UInt8] {
        var rest = size
        var offset = start
        while rest >= 12, let note = bytes.load(at: offset, as: Elf64_Nhdr.self) {
            let nameSize = (UInt64(note.n_namesz) + 3) & ~3
            let length = 12 + nameSize + (UInt64(note.n_descsz) + 3) & ~3
            guard length <= rest else { break }
            let isGNU = nameSize == 4 && bytes.load(at: offset + 12, as: UInt32.self) == 0x0055_4e47
            if isGNU, note.n_type == UInt32(NT_GNU_BUILD_ID) {
                return (0..<min(UInt64(note.n_descsz), buildIDMax)).compactMap {
                    bytes.load(at: offset + 12 + nameSize + $0, as: UInt8.self)
                }
            }
            rest -= length
            offset += length
        }
        return []
    }
}
