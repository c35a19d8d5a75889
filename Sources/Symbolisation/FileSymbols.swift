// SPDX-License-Identifier: Apache-2.0
import CElf

/// All that names the functions of a file: its own tables, and what was stripped off it.
///
/// In this order: the full table (`.symtab`) of the file itself, else that of its debug file, else
/// that which it carries compressed (`.gnu_debugdata`); then the names for the dynamic linker
/// (`.dynsym`); then the stubs through which a file calls others. Each is read when those before
/// it do not know an address.
final class FileSymbols {
    let file: FileBytes
    let sections: ElfSections
    private let findDebugFile: () -> FileBytes?
    private(set) lazy var debugFile = findDebugFile()
    private lazy var fullTable = findFullTable()
    private lazy var dynamicTable = ElfSymbols(file, sections, type: SHT_DYNSYM)
    private lazy var linkageStubs = LinkageStubs(file, sections)

    init(_ file: ElfFile, debugFiles: DebugFiles?) {
        let bytes = file.bytes
        let buildID = file.buildID
        let sections = ElfSections(bytes)
        self.file = bytes
        self.sections = sections
        findDebugFile = { debugFiles?.debugFile(buildID: buildID, link: DebugLink(bytes, sections)) }
    }

    /// Where the lines of source code are.
    var debugInformation: FileBytes? {
        sections.all.contains { $0.name == ".debug_info" && $0.type != SHT_NOBITS } ? file : debugFile
    }

    private func findFullTable() -> ElfSymbols? {
        func table(of file: FileBytes) -> ElfSymbols? {
            ElfSymbols(file, ElfSections(file), type: SHT_SYMTAB)
        }
        return ElfSymbols(file, sections, type: SHT_SYMTAB)
            ?? debugFile.flatMap(table) ?? unpackedDebugData(file, sections).flatMap(table)
    }

    /// The function at a file address. One that the file says reaches so far goes before one that may.
    func symbol(at address: UInt64) -> Symbol? {
        let full = fullTable?.symbol(at: address)
        if let full, full.hasSize { return full.symbol }
        let dynamic = dynamicTable?.symbol(at: address)
        if let dynamic, dynamic.hasSize { return dynamic.symbol }
        return linkageStubs.symbol(at: address) ?? full?.symbol ?? dynamic?.symbol
    }
}
