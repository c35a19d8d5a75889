// SPDX-License-Identifier: Apache-2.0
import CDw
import Glibc

/// What libdw tells about a variable, a type or a part of one (`Dwarf_Die`).
///
/// It points into the bytes of the file, and is not used longer than their ``TypeInformation`` is there,
/// which hands none out. Entries are copied for each call, because libdw wants them mutable.
@safe struct TypeEntry {
    private let entry: Dwarf_Die

    init(_ entry: Dwarf_Die) {
        unsafe self.entry = entry
    }

    private static let nameMax = 4096

    var tag: Int {
        var entry = unsafe self.entry
        return Int(unsafe dwarf_tag(&entry))
    }

    var name: String? {
        string(DW_AT_name)
    }

    /// The entry of its type, here or at the entry that this one completes.
    var type: TypeEntry? { entry(DW_AT_type) }

    /// Of a type that is described in a place of its own (`-fdebug-types-section`), that place.
    var definition: TypeEntry? { has(DW_AT_signature) ? entry(DW_AT_signature) : nil }

    /// In bytes; nil if it is not told.
    var size: UInt64? { number(DW_AT_byte_size) }
    var encoding: UInt64? { number(DW_AT_encoding) }
    var isBitField: Bool { has(DW_AT_bit_size) }
    /// Whether the rest is told elsewhere: a type of which only the name is known, a static member.
    var isDeclaration: Bool { has(DW_AT_declaration) }

    /// Of a field or a base class; 0 if none is told, as in unions. Nil if it takes a program to compute,
    /// as for virtual base classes.
    var offset: UInt64? {
        unsafe attribute(DW_AT_data_member_location) == nil ? 0 : number(DW_AT_data_member_location)
    }

    /// The number of elements, of one dimension of an array; nil if none is told.
    var elementCount: UInt64? {
        if let count = number(DW_AT_count) { return count }
        // Of an empty array it is -1.
        return number(DW_AT_upper_bound).map { $0 &+ 1 }
    }

    /// Of a variable, the one at which it always lies; nil for all others, such as those on stacks.
    var address: UInt64? {
        guard var value = unsafe attribute(DW_AT_location) else { return nil }
        var operations: UnsafeMutablePointer<Dwarf_Op>?
        var count = 0
        guard unsafe dwarf_getlocation(&value, &operations, &count) == 0, count == 1,
            let only = unsafe operations
        else { return nil }
        if unsafe Int(only.pointee.atom) == DW_OP_addr { return unsafe only.pointee.number }
        // In a file of its own (-gsplit-dwarf) it is the number of one, which libdw looks up.
        var address = unsafe Dwarf_Attribute()
        var number: UInt64 = 0
        guard unsafe Int(only.pointee.atom) == DW_OP_addrx,
            unsafe dwarf_getlocation_attr(&value, only, &address) == 0,
            unsafe dwarf_formaddr(&address, &number) == 0
        else { return nil }
        return number
    }

    /// The entries directly below it.
    var children: Children { unsafe Children(entry) }

    /// Not at an entry that this one completes.
    private func has(_ name: Int) -> Bool {
        var entry = unsafe self.entry
        return unsafe dwarf_hasattr(&entry, UInt32(name)) != 0
    }

    private func attribute(_ name: Int) -> Dwarf_Attribute? {
        var entry = unsafe self.entry
        var value = unsafe Dwarf_Attribute()
        return unsafe dwarf_attr_integrate(&entry, UInt32(name), &value) == nil ? nil : unsafe value
    }

    private func entry(_ name: Int) -> TypeEntry? {
        guard var value = unsafe attribute(name) else { return nil }
        var other = unsafe Dwarf_Die()
        return unsafe dwarf_formref_die(&value, &other) == nil ? nil : unsafe TypeEntry(other)
    }

    private func number(_ name: Int) -> UInt64? {
        guard var value = unsafe attribute(name) else { return nil }
        var number: UInt64 = 0
        return unsafe dwarf_formudata(&value, &number) == 0 ? number : nil
    }

    private func string(_ name: Int) -> String? {
        guard var value = unsafe attribute(name), let text = unsafe dwarf_formstring(&value) else {
            return nil
        }
        let count = unsafe strnlen(text, Self.nameMax)
        return unsafe String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self)
    }

    @safe struct Children: Sequence, IteratorProtocol {
        private var following: Dwarf_Die?
        private var rest = 1 << 22

        fileprivate init(_ parent: Dwarf_Die) {
            var parent = unsafe parent
            var child = unsafe Dwarf_Die()
            let hasAny = unsafe dwarf_child(&parent, &child) == 0
            unsafe following = hasAny ? child : nil
        }

        mutating func next() -> TypeEntry? {
            guard rest > 0, var entry = unsafe following else { return nil }
            rest -= 1
            var sibling = unsafe Dwarf_Die()
            let hasSibling = unsafe dwarf_siblingof(&entry, &sibling) == 0
            unsafe following = hasSibling ? sibling : nil
            return unsafe TypeEntry(entry)
        }
    }
}
