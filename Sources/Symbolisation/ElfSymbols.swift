// SPDX-License-Identifier: Apache-2.0
import CElf

/// The functions that one symbol table of a file names.
///
/// The whole table is read once, and of it again what is looked up; for which alone names are read, compared and
/// demangled.
final class ElfSymbols {
    private let bytes: FileBytes
    private let strings: ElfSection
    private var table: SymbolTable<Functions>
    /// By the symbol's start.
    private var known: [UInt64: Symbol] = [:]
    /// Which of several symbols of one start is shown: thousands of functions may be one.
    private var chosen: [UInt64: SymbolRange] = [:]

    /// Longer names are not shown.
    private static let nameMax = 1 << 16

    /// - Parameters:
    ///   - type: `SHT_SYMTAB` or `SHT_DYNSYM`; of each a file has one.
    init?(_ bytes: FileBytes, _ sections: ElfSections, type: Int32) {
        guard let symbols = sections.first(ofType: type), let strings = sections[symbols.link] else {
            return nil
        }
        self.bytes = bytes
        self.strings = strings
        let codeEnds = sections.all.map { $0.isCode ? $0.end : 0 }
        let code = sections.all.filter { $0.isCode && $0.size > 0 }
        guard let lowest = code.map(\.address).min(), let highest = codeEnds.max(), lowest < highest else {
            return nil
        }
        let functions = Functions(
            bytes: bytes, offset: symbols.offset,
            count: Int(clamping: symbols.size / Functions.size), codeEnds: codeEnds)
        guard functions.isInFile else { return nil }
        table = SymbolTable(functions, in: lowest...highest)
        guard !table.isEmpty else { return nil }
    }

    /// The function at an address, and whether the file says how long it is.
    func symbol(at address: UInt64) -> (symbol: Symbol, hasSize: Bool)? {
        guard let range = table.range(containing: address, best) else { return nil }
        if let symbol = known[range.start] { return (symbol, range.hasSize) }
        let symbol = Symbol(name: functionName(ofSymbol: displayed(range)), start: range.start)
        known[range.start] = symbol
        return (symbol, range.hasSize)
    }

    /// Without the version that linkers put behind a name of a library.
    private func displayed(_ range: SymbolRange) -> [UInt8] {
        let name = name(range)
        return name.firstIndex(of: UInt8(ascii: "@")).map { Array(name[..<$0]) } ?? name
    }

    /// Which of several symbols of one address a report shows.
    private func best(_ ranges: ArraySlice<SymbolRange>) -> SymbolRange {
        var best = ranges[ranges.startIndex]
        if let known = chosen[best.start] { return known }
        var bestName: [UInt8]?
        for range in ranges.dropFirst() where range.rank >= best.rank {
            // Names are only read where nothing else tells which is better.
            if range.rank == best.rank {
                let name = name(range)
                let other = bestName ?? self.name(best)
                bestName = other
                guard Self.isBetter(name, other) else { continue }
                bestName = name
            } else {
                bestName = nil
            }
            best = range
        }
        chosen[best.start] = best
        return best
    }

    /// Fewer underscores, then shorter, then first in the alphabet.
    private static func isBetter(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        let underscores = [first, second].map { $0.prefix { $0 == UInt8(ascii: "_") }.count }
        if underscores[0] != underscores[1] { return underscores[0] < underscores[1] }
        if first.count != second.count { return first.count < second.count }
        return first.lexicographicallyPrecedes(second)
    }

    private func name(_ range: SymbolRange) -> [UInt8] {
        guard UInt64(range.namePlace) < strings.size else { return [] }
        let rest = strings.size - UInt64(range.namePlace)
        return bytes.readString(
            at: strings.offset &+ UInt64(range.namePlace), limit: Int(min(rest, UInt64(Self.nameMax)))) ?? []
    }
}

/// The symbols of a table that are functions.
private struct Functions: SymbolRanges {
    let bytes: FileBytes
    let offset: UInt64
    let count: Int
    /// By the number of the section; 0 for those without code.
    let codeEnds: [UInt64]

    static let size = UInt64(MemoryLayout<Elf64_Sym>.stride)

    var isInFile: Bool { bytes.withBytes(at: offset, count: UInt64(count) * Self.size, { _ in }) != nil }

    subscript(number: Int) -> SymbolRange? {
        let place = offset &+ UInt64(truncatingIfNeeded: number) &* Self.size
        guard let symbol = bytes.load(at: place, as: Elf64_Sym.self) else { return nil }
        let type = Int32(symbol.st_info & 15)
        // Assembly code often leaves its functions without a type. What is no code lies in no section of code.
        guard type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE, symbol.st_name != 0,
            Int(symbol.st_shndx) < codeEnds.count, symbol.st_value < codeEnds[Int(symbol.st_shndx)]
        else { return nil }
        let hasSize = symbol.st_size != 0
        let rest = codeEnds[Int(symbol.st_shndx)] &- symbol.st_value
        return SymbolRange(
            start: symbol.st_value, length: hasSize ? symbol.st_size : rest, hasSize: hasSize,
            preference: Self.preference(symbol), namePlace: symbol.st_name)
    }

    /// Global before weak ones, and those before local ones; then those with a type.
    private static func preference(_ symbol: Elf64_Sym) -> UInt8 {
        let binding: UInt8 =
            switch Int32(symbol.st_info >> 4) {
            case STB_LOCAL: 0
            case STB_WEAK: 1
            default: 2
            }
        return binding * 2 + (Int32(symbol.st_info & 15) != STT_NOTYPE ? 1 : 0)
    }
}
