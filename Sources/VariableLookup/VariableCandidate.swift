// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// A variable of a process that a name may mean.
struct VariableCandidate: CustomStringConvertible {
    let symbol: DataSymbol
    let fit: VariableName.Fit
    let file: ElfFile
    let filePath: String
    let bias: UInt64

    var address: UInt64 { bias &+ symbol.address }
    var shownName: String { functionName(ofSymbol: symbol.symbol) }

    var description: String {
        "\(shownName) in \(filePath) at 0x\(String(address, radix: 16))"
            + (symbol.size > 0 ? ", \(symbol.size) bytes" : "")
    }

    /// Where a part of it begins behind its start, and of what type it is.
    ///
    /// - Parameters:
    ///   - given: a type that goes before what the file tells.
    ///   - others: a program has copies of a library's variables (`R_X86_64_COPY`), and the library their types.
    func part(
        _ steps: [VariableName.Step], _ given: ScalarType?, describedBy others: [VariableCandidate]
    ) throws(LookupError) -> (offset: UInt64, type: ScalarType, source: Variable.TypeSource) {
        let same = others.filter {
            symbol.isExported && $0.symbol.isExported && $0.symbol.symbol == symbol.symbol && $0.bias != bias
        }
        let part = try knownPart(steps, given, [self] + same)
        let (end, overflow) = part.offset.addingReportingOverflow(UInt64(part.type.byteCount))
        if symbol.size > 0, overflow || end > symbol.size {
            throw LookupError("a \(part.type) there does not lie within its \(symbol.size) bytes")
        }
        return part
    }

    private func knownPart(
        _ steps: [VariableName.Step], _ given: ScalarType?, _ descriptions: [VariableCandidate]
    ) throws(LookupError) -> (offset: UInt64, type: ScalarType, source: Variable.TypeSource) {
        if steps.isEmpty, let given { return (0, given, .given) }
        if steps.isEmpty, let type = swiftType(ofVariable: symbol.symbol).flatMap(Self.scalar) {
            return (0, type, .declared)
        }
        for description in descriptions {
            if let types = description.file.debugInformation.flatMap({ TypeInformation($0) }),
                let part = try types.part(steps, ofVariableAt: description.symbol.address, given)
            {
                return (part.offset, part.type, given == nil ? .declared : .given)
            }
        }
        return try partBySize(steps, given)
    }

    /// Without any description of types: a whole variable, or an element of an array of a given type.
    private func partBySize(
        _ steps: [VariableName.Step], _ given: ScalarType?
    ) throws(LookupError) -> (offset: UInt64, type: ScalarType, source: Variable.TypeSource) {
        if steps.isEmpty {
            guard let type = ScalarType(.signed, byteCount: Int(clamping: symbol.size)) else {
                throw LookupError(
                    "there is no debug information, and it has \(symbol.size) bytes, so it is no single number: "
                        + "give --type, and an index if it is an array")
            }
            return (0, type, .size)
        }
        guard case .element(let index) = steps[0], steps.count == 1 else {
            throw LookupError(
                "there is no debug information, so its fields are not known: give --address and --type")
        }
        guard let given else {
            throw LookupError("there is no debug information: give the type of its elements with --type")
        }
        let (offset, overflow) = index.multipliedReportingOverflow(by: UInt64(given.byteCount))
        guard symbol.size > 0, !overflow, offset < symbol.size else {
            throw LookupError("[\(index)] is behind its end: it has \(symbol.size) bytes")
        }
        return (offset, given, .given)
    }

    /// The types of Swift's own library that are one number.
    private static func scalar(_ swiftType: String) -> ScalarType? {
        switch swiftType {
        case "Swift.Int": ScalarType(.signed, byteCount: 8)
        case "Swift.UInt": ScalarType(.unsigned, byteCount: 8)
        case "Swift.Bool": ScalarType(.unsigned, byteCount: 1)
        default:
            swiftType.hasPrefix("Swift.") ? ScalarType(swiftType.dropFirst("Swift.".count).lowercased()) : nil
        }
    }
}
