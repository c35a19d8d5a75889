// SPDX-License-Identifier: Apache-2.0
import CElf

/// A variable that a file's symbol table names.
public struct DataSymbol: Hashable, Sendable {
    /// As linkers have it: mangled, without a version.
    public let symbol: String
    /// The file's own; of a thread-local variable its place among them.
    public let address: UInt64
    /// In bytes; 0 if the file does not tell.
    public let size: UInt64
    public let isThreadLocal: Bool
    /// Whether other files find it by its name, too.
    public let isExported: Bool
}

extension ElfFile {
    /// The variables of certain names, each once, local (static) ones among them.
    ///
    /// They come from the full table (`.symtab`) of the file or of what was stripped off it, and from the
    /// names for the dynamic linker (`.dynsym`).
    ///
    /// - Parameter isWanted: is asked about each symbol, mangled, of 100,000s in big programs.
    public func variables(where isWanted: (String) -> Bool) -> [DataSymbol] {
        var found: [DataSymbol] = []
        // The exported ones come first, and stay.
        for table in symbols.variableTables {
            let isKnown = Set(found.map { Place($0) })
            found += table.variables(where: isWanted).filter { !isKnown.contains(Place($0)) }
        }
        return found
    }

    /// Tables tell the same variable twice.
    private struct Place: Hashable {
        let symbol: String
        let address: UInt64

        init(_ variable: DataSymbol) {
            symbol = variable.symbol
            address = variable.address
        }
    }
}

extension FileSymbols {
    fileprivate var variableTables: [DataSymbolTable] {
        let dynamic = DataSymbolTable(file, sections, type: SHT_DYNSYM)
        let full =
            DataSymbolTable(file, sections, type: SHT_SYMTAB)
            ?? debugFile.flatMap { DataSymbolTable($0, ElfSections($0), type: SHT_SYMTAB) }
        return [dynamic, full].compactMap { $0 }
    }
}

/// One symbol table, read as a whole and not kept: it is for few questions.
private struct DataSymbolTable {
    private let bytes: FileBytes
    private let symbols: ElfSection
    private let strings: ElfSection

    private static let symbolSize = UInt64(MemoryLayout<Elf64_Sym>.stride)
    private static let countMax: UInt64 = 1 << 24
    private static let nameMax: UInt64 = 4096
    /// More of one name are of no use to anyone.
    private static let foundMax = 1 << 12

    init?(_ bytes: FileBytes, _ sections: ElfSections, type: Int32) {
        guard let symbols = sections.first(ofType: type), let strings = sections[symbols.link] else {
            return nil
        }
        self.bytes = bytes
        self.symbols = symbols
        self.strings = strings
    }

    func variables(where isWanted: (String) -> Bool) -> [DataSymbol] {
        var found: [DataSymbol] = []
        for number in 0..<min(symbols.size / Self.symbolSize, Self.countMax) where found.count < Self.foundMax
        {
            let offset = symbols.offset &+ number &* Self.symbolSize
            guard let symbol = bytes.load(at: offset, as: Elf64_Sym.self) else { break }
            let type = Int32(symbol.st_info & 15)
            guard type == STT_OBJECT || type == STT_COMMON || type == STT_TLS,
                Int32(symbol.st_shndx) != SHN_UNDEF, let name = name(symbol), isWanted(name)
            else { continue }
            found.append(
                DataSymbol(
                    symbol: name, address: symbol.st_value, size: symbol.st_size,
                    isThreadLocal: type == STT_TLS,
                    isExported: symbols.type == SHT_DYNSYM))
        }
        return found
    }

    private func name(_ symbol: Elf64_Sym) -> String? {
        let start = UInt64(symbol.st_name)
        guard start > 0, start < strings.size else { return nil }
        return bytes.string(
            at: strings.offset &+ start, limit: Int(min(strings.size - start, Self.nameMax))
        ).map { String(decoding: $0.prefix { $0 != UInt8(ascii: "@") }, as: UTF8.self) }
    }
}

/// The type in the symbol of a variable of Swift, such as `Swift.Int`; nil for all other symbols.
public func swiftType(ofVariable symbol: String) -> String? {
    guard isSwiftVariable(symbol), let text = demangled(Array(symbol.utf8))?.text else { return nil }
    let separator = Array(" : ".utf8)
    let start = text.indices.last { text[$0...].starts(with: separator) }
    return start.map { String(decoding: text[($0 + separator.count)...], as: UTF8.self) }
}

/// Whether the symbol is that of a variable's memory, and not of what compilers put beside it: tables of
/// virtual functions, descriptions of types, guards of what is initialised later.
public func isVariable(_ symbol: String) -> Bool {
    if symbol.hasPrefix("_ZT") || symbol.hasPrefix("_ZG") { return false }
    return isOfSwift(symbol) ? isSwiftVariable(symbol) : true
}

private func isSwiftVariable(_ symbol: String) -> Bool {
    isOfSwift(symbol) && (symbol.hasSuffix("vp") || symbol.hasSuffix("vpZ"))
}

private func isOfSwift(_ symbol: String) -> Bool { MangledLanguage(symbol.utf8) == .swift }
