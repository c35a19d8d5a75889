// SPDX-License-Identifier: Apache-2.0
import CDw
import Symbolisation

/// The debugging information (DWARF) of one file, read with libdw.
///
/// This file and `DebugEntry.swift` are all that call libdw. Its handles and what it returns live as long as
/// this object, which also owns the bytes that they point into; libdw checks what it reads against them.
@safe final class DebugInformation {
    private let bytes: FileBytes
    private let elf: OpaquePointer
    private let dwarf: OpaquePointer
    private var units: [Unit] = []
    /// The parts of the code, by address, and to which unit each belongs.
    private var parts: [CodePart] = []

    private struct Unit {
        let entry: DebugEntry
        /// Nil before the first address in it was asked for.
        var functions: CodeTree?
    }

    private static let unitsMax = 1 << 18

    /// Nil if libdw finds none in the file.
    init?(_ bytes: FileBytes) {
        guard elf_version(UInt32(EV_CURRENT)) != EV_NONE,
            let elf = unsafe bytes.withBytes({ unsafe elf_memory($0, $1) })
        else { return nil }
        guard let dwarf = unsafe dwarf_begin_elf(elf, DWARF_C_READ, nil) else {
            unsafe elf_end(elf)
            return nil
        }
        self.bytes = bytes
        unsafe self.elf = elf
        unsafe self.dwarf = dwarf
        readUnits()
    }

    deinit {
        unsafe dwarf_end(dwarf)
        unsafe elf_end(elf)
    }

    /// Innermost first.
    func frames(at address: UInt64) -> [SourceFrame] {
        guard let number = CodePart.index(in: parts, containing: address).map({ parts[$0].number }) else {
            return []
        }
        if units[number].functions == nil { units[number].functions = CodeTree(ofUnit: units[number].entry) }
        let unit = units[number]
        var line = unit.entry.line(at: address)
        var frames: [SourceFrame] = []
        for scope in unit.functions?.scopes(at: address) ?? [] {
            frames.append(
                SourceFrame(function: scope.name, file: line?.file ?? "", line: line?.number ?? 0))
            // Behind an inlined function comes where it was called.
            line = scope.call(inUnit: unit.entry)
        }
        if frames.isEmpty, let line {
            return [SourceFrame(function: nil, file: line.file, line: line.number)]
        }
        return frames
    }

    /// Not from `.debug_aranges`, which clang and Swift leave out.
    private func readUnits() {
        var unit: OpaquePointer?
        var entry = unsafe Dwarf_Die()
        var skeleton = unsafe Dwarf_Die()
        while units.count < Self.unitsMax {
            var next: OpaquePointer?
            guard unsafe dwarf_get_units(dwarf, unit, &next, nil, nil, &entry, &skeleton) == 0 else { break }
            unsafe unit = next
            for range in unsafe DebugEntry(entry).ranges {
                parts.append(CodePart(range: range, number: units.count))
            }
            // Where the information is in a file of its own (-gsplit-dwarf), that has the functions.
            let isSplit = unsafe skeleton.addr != nil && skeleton.cu != nil
            units.append(Unit(entry: unsafe DebugEntry(isSplit ? skeleton : entry)))
        }
        parts.sort { $0.range.lowerBound < $1.range.lowerBound }
    }
}

/// A range of code, and what it belongs to.
struct CodePart {
    let range: Range<UInt64>
    let number: Int

    /// Among parts sorted by address, the one that holds an address. They do not overlap in sound files.
    static func index(in parts: [CodePart], containing address: UInt64) -> Int? {
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].range.lowerBound <= address { low = middle + 1 } else { high = middle }
        }
        return low > 0 && parts[low - 1].range.contains(address) ? low - 1 : nil
    }
}
