// SPDX-License-Identifier: Apache-2.0
import CElf
import CallFrameInformation

extension CallFrames {
    /// The call-frame information of a file, in its segments and sections. It keeps the bytes, but not
    /// the `ElfFile`.
    convenience init(_ bytes: FileBytes, _ segments: [ElfFile.Segment], header: UInt64?) {
        self.init(
            Sources(
                header: header,
                memory: { bytes.memory(at: $0, segments) },
                exceptionFrames: { bytes.section(".eh_frame") },
                debugFrames: { bytes.section(".debug_frame") }))
    }
}

extension FileBytes {
    /// The bytes from a file address to the end of the segment that it is in.
    fileprivate func memory(at address: UInt64, _ segments: [ElfFile.Segment]) -> SectionBytes? {
        for segment in segments where address &- segment.address < segment.fileSize {
            let offset = address &- segment.address
            return part(
                at: segment.offset &+ offset, size: min(segment.fileSize - offset, UInt64(count)),
                address: address)
        }
        return nil
    }

    /// The contents of a section, decompressed, by its name.
    fileprivate func section(_ name: StaticString) -> SectionBytes? {
        guard let header = load(at: 0, as: Elf64_Ehdr.self),
            Int(header.e_shentsize) == MemoryLayout<Elf64_Shdr>.size,
            let names = sectionHeader(UInt64(header.e_shstrndx), header)
        else { return nil }
        for index in 0..<UInt64(header.e_shnum) {
            guard let section = sectionHeader(index, header) else { return nil }
            guard section.sh_type != UInt32(SHT_NOBITS),
                hasName(name, at: names.sh_offset &+ UInt64(section.sh_name))
            else { continue }
            if section.sh_flags & UInt64(SHF_COMPRESSED) != 0 { return decompressed(section) }
            return part(at: section.sh_offset, size: section.sh_size, address: section.sh_addr)
        }
        return nil
    }

    private func sectionHeader(_ index: UInt64, _ header: Elf64_Ehdr) -> Elf64_Shdr? {
        load(at: header.e_shoff &+ index &* UInt64(MemoryLayout<Elf64_Shdr>.size), as: Elf64_Shdr.self)
    }

    private func hasName(_ name: StaticString, at offset: UInt64) -> Bool {
        let wanted = Array(name.description.utf8) + [0]
        return wanted.indices.allSatisfy { load(at: offset &+ UInt64($0), as: UInt8.self) == wanted[$0] }
    }

    private func part(at offset: UInt64, size: UInt64, address: UInt64) -> SectionBytes? {
        guard offset <= UInt64(count) else { return nil }
        let size = min(size, UInt64(count) - offset)
        return unsafe withBytes { start, count in
            let bytes = unsafe UnsafeRawBufferPointer(start: start + Int(offset), count: Int(size))
            return unsafe SectionBytes(bytes, address: address, owner: self)
        }
    }

    private func decompressed(_ section: Elf64_Shdr) -> SectionBytes? {
        let headerSize = UInt64(MemoryLayout<Elf64_Chdr>.size)
        let sizeMax: UInt64 = 256 << 20
        guard let header = load(at: section.sh_offset, as: Elf64_Chdr.self),
            header.ch_type == UInt32(ELFCOMPRESS_ZLIB), header.ch_size <= sizeMax,
            section.sh_size > headerSize,
            section.sh_offset <= UInt64(count), section.sh_size <= UInt64(count) - section.sh_offset
        else { return nil }
        let start = Int(section.sh_offset + headerSize)
        let compressedSize = UInt(section.sh_size - headerSize)
        var size = UInt(header.ch_size)
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let result = unsafe withBytes { file, _ in
            unsafe file.advanced(by: start).withMemoryRebound(to: UInt8.self, capacity: Int(compressedSize)) {
                unsafe uncompress(&bytes, &size, $0, compressedSize)
            }
        }
        return result == Z_OK && size == header.ch_size ? SectionBytes(bytes, address: 0) : nil
    }
}
