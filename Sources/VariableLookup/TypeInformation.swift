// SPDX-License-Identifier: Apache-2.0
import CDw
import Symbolisation

/// The variables of one file's debugging information (DWARF), read with libdw.
///
/// This file and `TypeEntry.swift` are all that call libdw here. Its handles and what it returns live as
/// long as this object, which also owns the bytes that they point into; libdw checks what it reads.
@safe final class TypeInformation {
    private let bytes: FileBytes
    private let elf: OpaquePointer
    private let dwarf: OpaquePointer

    private static let unitsMax = 1 << 18
    /// Deeper entries of a damaged file are left out.
    private static let depthMax = 32
    private static let entriesMax = 64 << 20

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
    }

    deinit {
        unsafe dwarf_end(dwarf)
        unsafe elf_end(elf)
    }

    /// Where a part of the variable at a file address lies behind its start, and what it is. Nil if the file
    /// tells nothing about a variable there.
    ///
    /// - Parameter given: what to take it for, whatever it is.
    func part(
        _ steps: [VariableName.Step], ofVariableAt address: UInt64, _ given: ScalarType?
    ) throws(LookupError) -> (offset: UInt64, type: ScalarType)? {
        guard let type = variable(at: address)?.type else { return nil }
        var part = VariablePart(type)
        for step in steps { try part.take(step) }
        if let given { return (part.offset, given) }
        return (part.offset, try part.scalar())
    }

    /// Variables have no index by address: all units are walked. Functions, of which there is most and
    /// which have few static variables, come last.
    private func variable(at address: UInt64) -> TypeEntry? {
        for inFunctions in [false, true] {
            var unit: OpaquePointer?
            var entry = unsafe Dwarf_Die()
            var split = unsafe Dwarf_Die()
            var rest = Self.entriesMax
            for _ in 0..<Self.unitsMax {
                var next: OpaquePointer?
                guard unsafe dwarf_get_units(dwarf, unit, &next, nil, nil, &entry, &split) == 0 else { break }
                unsafe unit = next
                // Where the information is in a file of its own (-gsplit-dwarf), that has the variables.
                let isSplit = unsafe split.addr != nil && split.cu != nil
                let root = unsafe TypeEntry(isSplit ? split : entry)
                if let found = variable(at: address, below: root, inFunctions, depth: 0, &rest) {
                    return found
                }
            }
        }
        return nil
    }

    private func variable(
        at address: UInt64, below parent: TypeEntry, _ inFunctions: Bool, depth: Int, _ rest: inout Int
    ) -> TypeEntry? {
        guard depth < Self.depthMax else { return nil }
        for child in parent.children {
            rest -= 1
            guard rest > 0 else { return nil }
            let holdsVariables =
                switch child.tag {
                case DW_TAG_namespace, DW_TAG_module, DW_TAG_structure_type, DW_TAG_class_type: true
                case DW_TAG_subprogram, DW_TAG_lexical_block: inFunctions
                default: false
                }
            if child.tag == DW_TAG_variable, child.address == address { return child }
            if holdsVariables,
                let found = variable(at: address, below: child, inFunctions, depth: depth + 1, &rest)
            {
                return found
            }
        }
        return nil
    }
}
