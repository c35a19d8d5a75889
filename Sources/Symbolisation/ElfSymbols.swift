// SPDX-License-Identifier: Apache-2.0
import CElf

/// The functions that a file's symbol tables name, read with libelf.
///
/// The pointers of this file are libelf's own; they live as long as its handle does, and that
/// is owned here. libelf checks what it reads against the bytes that it was given.
@safe final class ElfSymbols {
    private let elf: OpaquePointer
    /// The handle reads from them.
    private let bytes: FileBytes
    private var table: SymbolTable
    /// Demangled are only those that someone asked for.
    private var known: [Int: Symbol] = [:]

    /// Nil if libelf cannot read the file.
    init?(_ bytes: FileBytes) {
        guard elf_version(UInt32(EV_CURRENT)) != EV_NONE,
            let elf = unsafe bytes.withBytes({ unsafe elf_memory($0, $1) })
        else { return nil }
        unsafe self.elf = elf
        self.bytes = bytes
        table = unsafe SymbolTable(Self.functions(of: elf)) { first, second in
            unsafe Self.isBetter(Self.name(first, in: elf), Self.name(second, in: elf))
        }
    }

    deinit {
        unsafe elf_end(elf)
    }

    func symbol(at address: UInt64) -> Symbol? {
        guard let index = table.index(containing: address) else { return nil }
        if let symbol = known[index] { return symbol }
        let name = unsafe Self.name(table[index].name, in: elf)
        let symbol = Symbol(
            name: functionName(ofSymbol: String(name.prefix { $0 != "@" })), start: table[index].start)
        known[index] = symbol
        return symbol
    }

    /// The functions of all symbol tables: a stripped file has only the dynamic one, and a file's
    /// full table need not name all that the dynamic one does.
    private static func functions(of elf: OpaquePointer) -> [SymbolTable.Entry] {
        let ends = unsafe codeSectionEnds(of: elf)
        var functions: [SymbolTable.Entry] = []
        // A file has one of each; more would be read over and over.
        var wanted: Set = [UInt32(SHT_SYMTAB), UInt32(SHT_DYNSYM)]
        var section: OpaquePointer?
        while let next = unsafe elf_nextscn(elf, section) {
            unsafe section = next
            var header = GElf_Shdr()
            guard unsafe gelf_getshdr(next, &header) != nil, wanted.remove(header.sh_type) != nil,
                let data = unsafe elf_getdata(next, nil)
            else { continue }
            var symbol = GElf_Sym()
            for index in 0..<Int32(clamping: unsafe data.pointee.d_size / MemoryLayout<Elf64_Sym>.size)
            where unsafe gelf_getsym(data, index, &symbol) != nil {
                guard let end = ends[symbol.st_shndx],
                    let function = entry(symbol, sectionEnd: end, strings: header.sh_link)
                else { continue }
                functions.append(function)
            }
        }
        return functions
    }

    /// The first address behind each section of code, by the section's number.
    private static func codeSectionEnds(of elf: OpaquePointer) -> [UInt16: UInt64] {
        var ends: [UInt16: UInt64] = [:]
        var section: OpaquePointer?
        while let next = unsafe elf_nextscn(elf, section) {
            unsafe section = next
            var header = GElf_Shdr()
            guard unsafe gelf_getshdr(next, &header) != nil, header.sh_flags & UInt64(SHF_EXECINSTR) != 0,
                let number = UInt16(exactly: unsafe elf_ndxscn(next))
            else { continue }
            ends[number] = header.sh_addr &+ header.sh_size
        }
        return ends
    }

    private static func entry(_ symbol: GElf_Sym, sectionEnd: UInt64, strings: UInt32) -> SymbolTable.Entry? {
        let type = Int32(symbol.st_info & 15)
        let isFunction = type == STT_FUNC || type == STT_GNU_IFUNC
        // Assembly code often leaves its functions without a type.
        guard isFunction || type == STT_NOTYPE, symbol.st_name != 0, symbol.st_value < sectionEnd else {
            return nil
        }
        let binding: UInt8 =
            switch Int32(symbol.st_info >> 4) {
            case STB_LOCAL: 0
            case STB_WEAK: 1
            default: 2
            }
        let hasSize = symbol.st_size != 0
        let end = symbol.st_value.addingReportingOverflow(symbol.st_size)
        return SymbolTable.Entry(
            start: symbol.st_value, end: hasSize && !end.overflow ? end.partialValue : sectionEnd,
            hasSize: hasSize,
            rank: (hasSize ? 8 : 0) + binding * 2 + (isFunction ? 1 : 0),
            name: SymbolTable.Name(section: strings, offset: symbol.st_name))
    }

    private static func name(_ name: SymbolTable.Name, in elf: OpaquePointer) -> String {
        unsafe elf_strptr(elf, Int(name.section), Int(name.offset)).map { unsafe String(cString: $0) } ?? ""
    }

    /// Fewer underscores, then shorter, then first in the alphabet.
    private static func isBetter(_ first: String, _ second: String) -> Bool {
        let underscores = (first.prefix { $0 == "_" }.count, second.prefix { $0 == "_" }.count)
        if underscores.0 != underscores.1 { return underscores.0 < underscores.1 }
        if first.utf8.count != second.utf8.count { return first.utf8.count < second.utf8.count }
        return first < second
    }
}
