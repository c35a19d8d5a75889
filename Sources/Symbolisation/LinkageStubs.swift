// SPDX-License-Identifier: Apache-2.0
import CElf

/// The stubs of a procedure linkage table, named `function@plt` after what they jump to.
///
/// Nothing in a file names them. A stub jumps through a word that the dynamic linker fills in, and
/// the relocation of that word has the function's name.
final class LinkageStubs {
    private let file: FileBytes
    private let sections: ElfSections
    private let tables: [ElfSection]
    private lazy var relocations = Relocations(file, sections)
    /// By where the stub begins.
    private var known: [UInt64: Symbol] = [:]

    /// All linkers for this architecture make stubs of this size, except where a word is enough.
    private static let stubSize: UInt64 = 16
    private static let shortStubSize: UInt64 = 8

    init(_ file: FileBytes, _ sections: ElfSections) {
        self.file = file
        self.sections = sections
        tables = sections.all.filter { $0.isCode && [".plt", ".plt.sec", ".plt.got"].contains($0.name) }
    }

    func symbol(at address: UInt64) -> Symbol? {
        guard let table = tables.first(where: { $0.contains(address) }) else { return nil }
        let size = table.entrySize == Self.shortStubSize ? Self.shortStubSize : Self.stubSize
        let offset = (address - table.address) / size * size
        let start = table.address &+ offset
        if let symbol = known[start] { return symbol }
        guard
            let code = file.withBytes(
                at: table.offset &+ offset, count: size, { unsafe $0.withUnsafeBytes { unsafe Array($0) } }),
            let name = target(of: code, at: start)
        else { return nil }
        let symbol = Symbol(name: functionName(ofSymbol: name) + "@plt", start: start)
        known[start] = symbol
        return symbol
    }

    /// The name of the function to which a stub jumps.
    private func target(of code: [UInt8], at start: UInt64) -> String? {
        func number(at index: Int) -> UInt32? {
            guard index + 4 <= code.count else { return nil }
            return code[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        // With indirect branch tracking there is an endbr64 in front, and maybe a bnd prefix.
        var index = code.starts(with: [0xf3, 0x0f, 0x1e, 0xfa]) ? 4 : 0
        if index < code.count, code[index] == 0xf2 { index += 1 }
        if code[index...].starts(with: [0xff, 0x25]), let displacement = number(at: index + 2) {
            // jmp *displacement(%rip)
            let next = start &+ UInt64(index + 6)
            let word = next &+ UInt64(bitPattern: Int64(Int32(bitPattern: displacement)))
            return relocations.name(forWordAt: word)
        }
        if index < code.count, code[index] == 0x68, let number = number(at: index + 1) {
            // push $number, for the dynamic linker; jmp to it
            return relocations.name(ofCallNumber: Int(number))
        }
        return nil
    }
}

/// The relocations of a file that stand for functions of others.
private struct Relocations {
    private let file: FileBytes
    private let sections: ElfSections
    private let calls: ElfSection?
    /// By the address of the word that is filled in, the number of the symbol.
    private lazy var callSymbols = symbols(in: calls)
    /// The same for functions of which the address is also used otherwise. They lie among all other relocations,
    /// 100,000s in big programs.
    private lazy var otherSymbols = symbols(in: sections.first(named: ".rela.dyn"))

    private static let size = UInt64(MemoryLayout<Elf64_Rela>.stride)
    private static let countMax: UInt64 = 1 << 20
    private static let nameMax = 1 << 12

    init(_ file: FileBytes, _ sections: ElfSections) {
        self.file = file
        self.sections = sections
        calls = sections.first(named: ".rela.plt")
    }

    private func symbols(in section: ElfSection?) -> [UInt64: UInt64] {
        var symbols: [UInt64: UInt64] = [:]
        guard let section else { return symbols }
        for index in 0..<min(section.size / Self.size, Self.countMax) {
            guard let relocation = relocation(index, of: section) else { break }
            let type = relocation.r_info & 0xffff_ffff
            if type == UInt64(R_X86_64_JUMP_SLOT) || type == UInt64(R_X86_64_GLOB_DAT) {
                symbols[relocation.r_offset] = relocation.r_info >> 32
            }
        }
        return symbols
    }

    mutating func name(forWordAt address: UInt64) -> String? {
        (callSymbols[address] ?? otherSymbols[address]).flatMap { name(ofSymbol: $0) }
    }

    func name(ofCallNumber number: Int) -> String? {
        guard let calls, UInt64(number) < calls.size / Self.size else { return nil }
        return relocation(UInt64(number), of: calls).flatMap { name(ofSymbol: $0.r_info >> 32) }
    }

    private func relocation(_ index: UInt64, of section: ElfSection) -> Elf64_Rela? {
        file.load(at: section.offset &+ index &* Self.size, as: Elf64_Rela.self)
    }

    private func name(ofSymbol number: UInt64) -> String? {
        guard let symbols = sections.first(ofType: SHT_DYNSYM), let strings = sections[symbols.link],
            let symbol = file.load(
                at: symbols.offset &+ number &* UInt64(MemoryLayout<Elf64_Sym>.stride), as: Elf64_Sym.self),
            let name = file.string(at: strings.offset &+ UInt64(symbol.st_name), limit: Self.nameMax),
            !name.isEmpty
        else { return nil }
        return String(decoding: name.prefix { $0 != UInt8(ascii: "@") }, as: UTF8.self)
    }
}
