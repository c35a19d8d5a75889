// SPDX-License-Identifier: Apache-2.0
import CElf
import Glibc

/// A part of a file with a name, for linkers and debuggers.
struct ElfSection {
    let name: String
    let type: Int32
    let isCode: Bool
    let isCompressed: Bool
    let address: UInt64
    let offset: UInt64
    let size: UInt64
    /// Size of an element, where all have the same.
    let entrySize: UInt64
    /// Number of the section that belongs to it: for symbols, that of their names.
    let link: Int

    /// First address behind it.
    var end: UInt64 { address &+ size }

    func contains(_ other: UInt64) -> Bool { other >= address && other &- address < size }
}

/// The sections of a file by their numbers, found by libelf.
///
/// The pointers of this file are libelf's own; they live as long as its handle, which lives as long
/// as it takes to copy the headers. libelf checks what it reads against the bytes that it was given.
struct ElfSections {
    let all: [ElfSection]

    /// Programs have a few dozen.
    private static let countMax = 16384
    private static let nameMax = 256

    /// Empty if libelf cannot read the file.
    init(_ bytes: FileBytes) {
        guard elf_version(UInt32(EV_CURRENT)) != EV_NONE,
            let elf = unsafe bytes.withBytes({ unsafe elf_memory($0, $1) })
        else {
            all = []
            return
        }
        defer { unsafe elf_end(elf) }

        var names = 0
        unsafe elf_getshdrstrndx(elf, &names)
        // Number 0 is that of no section.
        var all = [ElfSection(GElf_Shdr(), name: "")]
        var section: OpaquePointer?
        while all.count < Self.countMax, let next = unsafe elf_nextscn(elf, section) {
            unsafe section = next
            var header = GElf_Shdr()
            guard unsafe gelf_getshdr(next, &header) != nil, unsafe elf_ndxscn(next) == all.count else {
                break
            }
            let name = unsafe elf_strptr(elf, names, Int(header.sh_name)).map {
                unsafe String(
                    decoding: UnsafeRawBufferPointer(start: $0, count: strnlen($0, Self.nameMax)),
                    as: UTF8.self)
            }
            all.append(ElfSection(header, name: name ?? ""))
        }
        self.all = all
    }

    /// The first of a type that is in the file.
    func first(ofType type: Int32) -> ElfSection? {
        all.first { $0.type == type && !$0.isCompressed }
    }

    func first(named name: String) -> ElfSection? {
        all.first { $0.name == name && $0.type != SHT_NOBITS && !$0.isCompressed }
    }

    subscript(number: Int) -> ElfSection? {
        all.indices.contains(number) ? all[number] : nil
    }
}

extension ElfSection {
    fileprivate init(_ header: GElf_Shdr, name: String) {
        self.name = name
        type = Int32(bitPattern: header.sh_type)
        isCode = header.sh_flags & UInt64(SHF_EXECINSTR) != 0
        isCompressed = header.sh_flags & UInt64(SHF_COMPRESSED) != 0
        address = header.sh_addr
        offset = header.sh_offset
        size = header.sh_size
        entrySize = header.sh_entsize
        link = Int(header.sh_link)
    }
}
