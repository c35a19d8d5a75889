// SPDX-License-Identifier: Apache-2.0
import CDw
import Symbolisation

/// What libdw tells about an entry (`Dwarf_Die`).
///
/// It points into the bytes of the file, and is not used longer than their ``DebugInformation`` is there,
/// which hands none out. Entries are copied for each call, because libdw wants them mutable.
@safe struct DebugEntry {
    private let entry: Dwarf_Die

    init(_ entry: Dwarf_Die) {
        unsafe self.entry = entry
    }

    private static let rangesMax = 1 << 16
    private static let childrenMax = 1 << 22

    var tag: Int {
        var entry = unsafe self.entry
        return Int(unsafe dwarf_tag(&entry))
    }

    /// The ranges of its code, without those that a linker took out and left at 0.
    var ranges: [Range<UInt64>] {
        var entry = unsafe self.entry
        var ranges: [Range<UInt64>] = []
        var base: UInt64 = 0
        var start: UInt64 = 0
        var end: UInt64 = 0
        var offset = 0
        while ranges.count < Self.rangesMax {
            offset = unsafe dwarf_ranges(&entry, offset, &base, &start, &end)
            guard offset > 0 else { break }
            if start > 0, start < end { ranges.append(start..<end) }
        }
        return ranges
    }

    /// The entries directly below it.
    var children: Children { unsafe Children(entry) }

    /// Whether it is a block or an inlined function with code at an address.
    func isScope(of address: UInt64) -> Bool {
        var entry = unsafe self.entry
        let tag = Int(unsafe dwarf_tag(&entry))
        let isScope = [
            DW_TAG_inlined_subroutine, DW_TAG_lexical_block, DW_TAG_try_block, DW_TAG_catch_block,
        ].contains(tag)
        return unsafe isScope && dwarf_haspc(&entry, address) > 0
    }

    /// The function's name as reports show it, here or at the entry that this one repeats.
    var name: String? {
        for attribute in [DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name] {
            if let name = string(attribute) { return functionName(ofSymbol: name) }
        }
        return nil
    }

    /// In a unit, the line of the code at an address.
    func line(at address: UInt64) -> (file: String, number: Int)? {
        var unit = unsafe entry
        guard let line = unsafe dwarf_getsrc_die(&unit, address),
            let file = unsafe dwarf_linesrc(line, nil, nil)
        else { return nil }
        var number: Int32 = 0
        unsafe dwarf_lineno(line, &number)
        return (unsafe String(cString: file), Int(number))
    }

    /// The line from which an inlined function is called; nil for others.
    func call(inUnit unit: DebugEntry) -> (file: String, number: Int)? {
        guard let fileNumber = number(DW_AT_call_file), let line = number(DW_AT_call_line)
        else { return nil }
        var unit = unsafe unit.entry
        var files: OpaquePointer?
        var count = 0
        guard unsafe dwarf_getsrcfiles(&unit, &files, &count) == 0, fileNumber < UInt64(count),
            let file = unsafe dwarf_filesrc(files, Int(fileNumber), nil, nil)
        else { return nil }
        return (unsafe String(cString: file), Int(clamping: line))
    }

    private func number(_ attribute: Int) -> UInt64? {
        var entry = unsafe self.entry
        var value = unsafe Dwarf_Attribute()
        var number: UInt64 = 0
        guard unsafe dwarf_attr(&entry, UInt32(attribute), &value) != nil,
            unsafe dwarf_formudata(&value, &number) == 0
        else { return nil }
        return number
    }

    private func string(_ attribute: Int) -> String? {
        var entry = unsafe self.entry
        var value = unsafe Dwarf_Attribute()
        guard unsafe dwarf_attr_integrate(&entry, UInt32(attribute), &value) != nil,
            let text = unsafe dwarf_formstring(&value)
        else { return nil }
        return unsafe String(cString: text)
    }

    @safe struct Children: Sequence, IteratorProtocol {
        private var following: Dwarf_Die?
        private var rest = childrenMax

        fileprivate init(_ parent: Dwarf_Die) {
            var parent = unsafe parent
            var child = unsafe Dwarf_Die()
            let hasAny = unsafe dwarf_child(&parent, &child) == 0
            unsafe following = hasAny ? child : nil
        }

        mutating func next() -> DebugEntry? {
            guard rest > 0, var entry = unsafe following else { return nil }
            rest -= 1
            var sibling = unsafe Dwarf_Die()
            let hasSibling = unsafe dwarf_siblingof(&entry, &sibling) == 0
            unsafe following = hasSibling ? sibling : nil
            return unsafe DebugEntry(entry)
        }
    }
}
