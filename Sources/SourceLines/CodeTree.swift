// SPDX-License-Identifier: Apache-2.0
import CDw

/// The functions of a unit by address.
///
/// Walking all entries of a unit takes milliseconds where it is large, so that is done once. What lies
/// inside of a function is walked for each address, along the entries that hold it.
struct CodeTree {
    private var functions: [DebugEntry] = []
    private var parts: [CodePart] = []

    /// Deeper entries of a damaged file are left out.
    private static let depthMax = 64
    private static let entriesMax = 4 << 20

    init(ofUnit unit: DebugEntry) {
        var rest = Self.entriesMax
        collect(childrenOf: unit, depth: 0, &rest)
        parts.sort { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// The inlined functions at an address, innermost first, and the function that holds them.
    func scopes(at address: UInt64) -> [DebugEntry] {
        guard let part = CodePart.index(in: parts, containing: address) else { return [] }
        var scopes = [functions[parts[part].number]]
        var entry = scopes[0]
        // Each step is to a child that holds the address too.
        for _ in 0..<Self.depthMax {
            guard let inner = entry.children.first(where: { $0.isScope(of: address) }) else {
                break
            }
            entry = inner
            if entry.tag == DW_TAG_inlined_subroutine { scopes.insert(entry, at: 0) }
        }
        return scopes
    }

    /// Functions are in units, namespaces and types, and in other functions.
    private mutating func collect(childrenOf entry: DebugEntry, depth: Int, _ rest: inout Int) {
        guard depth < Self.depthMax else { return }
        for child in entry.children {
            rest -= 1
            guard rest > 0 else { return }
            switch child.tag {
            case DW_TAG_subprogram:
                for range in child.ranges {
                    parts.append(CodePart(range: range, number: functions.count))
                }
                functions.append(child)
            case DW_TAG_namespace, DW_TAG_structure_type, DW_TAG_class_type, DW_TAG_union_type,
                DW_TAG_enumeration_type, DW_TAG_module:
                collect(childrenOf: child, depth: depth + 1, &rest)
            default: break
            }
        }
    }
}
