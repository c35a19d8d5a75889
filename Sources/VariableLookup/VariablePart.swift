// SPDX-License-Identifier: Apache-2.0
import CDw

/// A variable, or a part of one that fields and indices lead to.
struct VariablePart {
    private var type: TypeEntry
    /// Of the array whose elements come next, how many of its dimensions are taken.
    private var dimensions = 0
    /// Behind the variable's start.
    private(set) var offset: UInt64 = 0

    private static let depthMax = 64
    /// Types of a damaged file may hold themselves, in more ways than there is time to follow.
    private static let fieldsMax = 1 << 16

    init(_ type: TypeEntry) {
        self.type = Self.plain(type)
    }

    mutating func take(_ step: VariableName.Step) throws(LookupError) {
        switch step {
        case .field(let name): try takeField(name)
        case .element(let index): try takeElement(index)
        }
    }

    private mutating func takeField(_ name: String) throws(LookupError) {
        guard Self.hasFields(type) else {
            throw LookupError(
                type.tag == DW_TAG_pointer_type
                    ? "what it points to may change: find the address of .\(name), and give --address and --type"
                    : "\(text) has no fields, so no .\(name)")
        }
        var rest = Self.fieldsMax
        guard let field = Self.field(name, of: type, depth: 0, &rest) else {
            throw LookupError(
                type.isDeclaration || type.children.allSatisfy { $0.tag != DW_TAG_member }
                    ? "the debug information tells no fields of \(text): give --address and --type"
                    : "\(text) has no field \(name)")
        }
        guard !field.entry.isBitField else {
            throw LookupError("\(name) is a bit-field, which has no address")
        }
        guard let next = field.entry.type else { throw LookupError("the type of \(name) is not told") }
        offset &+= field.offset
        type = Self.plain(next)
    }

    private mutating func takeElement(_ index: UInt64) throws(LookupError) {
        guard type.tag == DW_TAG_array_type, let element = type.type.map(Self.plain) else {
            throw LookupError(
                type.tag == DW_TAG_pointer_type
                    ? "what it points to may change: find the address of [\(index)], and give --address and --type"
                    : "\(text) is no array, so it has no [\(index)]")
        }
        let sizes = type.children.filter { $0.tag == DW_TAG_subrange_type }.map(\.elementCount)
        guard dimensions < sizes.count else { throw LookupError("the array's size is not told") }
        // Of an array of unknown length every element may be there.
        if let count = sizes[dimensions], index >= count {
            throw LookupError("[\(index)] is behind the end: the array has \(count) elements")
        }
        var stride = Self.size(of: element, depth: 0)
        for size in sizes[(dimensions + 1)...] { stride = Self.product(stride, size) }
        guard let step = Self.product(stride, index) else {
            throw LookupError("the size of \(text) is not told")
        }
        offset &+= step
        dimensions += 1
        if dimensions == sizes.count {
            type = element
            dimensions = 0
        }
    }

    /// What it is, if that is a number.
    func scalar() throws(LookupError) -> ScalarType {
        if let scalar = Self.scalar(type, depth: 0) { return scalar }
        switch type.tag {
        case DW_TAG_array_type: throw LookupError("it is an array: name an element, as in [0]")
        case _ where Self.hasFields(type):
            let names = type.children.filter { $0.tag == DW_TAG_member && !$0.isDeclaration }.compactMap(
                \.name)
            let some = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
            throw LookupError(
                "it is a \(text)" + (names.isEmpty ? "" : ": name a field, one of \(some)"))
        default:
            throw LookupError(
                "its type, \(text), is none that can be watched: integers and reals of up to 8 bytes")
        }
    }

    private var text: String { type.name ?? "a type without a name" }

    // ---- types ----

    /// Without what only qualifies it, or gives it another name.
    private static func plain(_ type: TypeEntry) -> TypeEntry {
        var type = type
        for _ in 0..<depthMax {
            let isOnlyName = [
                DW_TAG_typedef, DW_TAG_const_type, DW_TAG_volatile_type, DW_TAG_restrict_type,
                DW_TAG_atomic_type,
            ].contains(type.tag)
            guard let next = isOnlyName ? type.type : type.definition else { break }
            type = next
        }
        return type
    }

    private static func hasFields(_ type: TypeEntry) -> Bool {
        [DW_TAG_structure_type, DW_TAG_class_type, DW_TAG_union_type].contains(type.tag)
    }

    /// Also one of a base class, or of a structure without a name.
    private static func field(
        _ name: String, of type: TypeEntry, depth: Int, _ rest: inout Int
    ) -> (entry: TypeEntry, offset: UInt64)? {
        guard depth < depthMax, hasFields(type) else { return nil }
        let parts = type.children.prefix(max(rest, 0)).filter {
            $0.tag == DW_TAG_member && !$0.isDeclaration || $0.tag == DW_TAG_inheritance
        }
        rest -= parts.count + 1
        for part in parts where part.tag == DW_TAG_member && part.name == name {
            return part.offset.map { (part, $0) }
        }
        for part in parts where part.tag == DW_TAG_inheritance || part.name == nil {
            if let offset = part.offset, let inner = part.type.map(plain),
                let found = field(name, of: inner, depth: depth + 1, &rest)
            {
                return (found.entry, offset &+ found.offset)
            }
        }
        return nil
    }

    private static func size(of type: TypeEntry, depth: Int) -> UInt64? {
        if let size = type.size { return size }
        guard depth < depthMax else { return nil }
        switch type.tag {
        case DW_TAG_pointer_type: return 8
        case DW_TAG_array_type:
            var size = type.type.map(plain).flatMap { Self.size(of: $0, depth: depth + 1) }
            for range in type.children where range.tag == DW_TAG_subrange_type {
                size = product(size, range.elementCount)
            }
            return size
        default: return nil
        }
    }

    private static func product(_ first: UInt64?, _ second: UInt64?) -> UInt64? {
        guard let first, let second else { return nil }
        let (product, overflow) = first.multipliedReportingOverflow(by: second)
        return overflow ? nil : product
    }

    private static func scalar(_ type: TypeEntry, depth: Int) -> ScalarType? {
        guard depth < depthMax else { return nil }
        let byteCount = Int(clamping: size(of: type, depth: 0) ?? 0)
        switch type.tag {
        case DW_TAG_base_type:
            return kind(ofEncoding: type.encoding).flatMap { ScalarType($0, byteCount: byteCount) }
        case DW_TAG_enumeration_type:
            let underlying = type.type.map(plain).flatMap { scalar($0, depth: depth + 1) }
            return ScalarType(underlying?.kind ?? .unsigned, byteCount: byteCount)
        case DW_TAG_pointer_type:
            return ScalarType(.unsigned, byteCount: byteCount)
        case DW_TAG_structure_type, DW_TAG_class_type:
            // One number in a wrapping, such as std::atomic<int>.
            let parts = type.children.filter {
                [DW_TAG_member, DW_TAG_inheritance].contains($0.tag) && !$0.isDeclaration
            }
            guard parts.count == 1, parts[0].offset == 0, !parts[0].isBitField, let inner = parts[0].type,
                let scalar = scalar(plain(inner), depth: depth + 1), scalar.byteCount == byteCount
            else { return nil }
            return scalar
        default: return nil
        }
    }

    private static func kind(ofEncoding encoding: UInt64?) -> ScalarType.Kind? {
        switch Int(clamping: encoding ?? 0) {
        case DW_ATE_signed, DW_ATE_signed_char: .signed
        case DW_ATE_unsigned, DW_ATE_unsigned_char, DW_ATE_boolean, DW_ATE_UTF, DW_ATE_address: .unsigned
        case DW_ATE_float: .real
        default: nil
        }
    }
}
