// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Symbolisation
import VariableLookup

/// Which variable is meant.
struct TargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The variable's name; the last parts of a qualified one are enough. Fields and elements may "
                + "follow: pool.slots[2].depth", valueName: "name"))
    var symbol: String?

    @Option(
        name: .customLong("in"),
        help: ArgumentHelp("Look for the name in this program or library only.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp("Where the variable is, if it has no name.", valueName: "address"),
        transform: Self.address)
    var address: UInt64?

    @Option(
        help: ArgumentHelp(
            "What the variable is, whatever is known of it: \(Self.types).", valueName: "type"),
        transform: Self.type)
    var type: ScalarType?

    private static let types = ScalarType.all.map(\.description).joined(separator: ", ")

    func validate() throws {
        guard (symbol == nil) != (address == nil) else {
            throw ValidationError("Give --symbol, or --address with --type.")
        }
        if address != nil, type == nil { throw ValidationError("--address needs --type: \(Self.types).") }
        if file != nil, symbol == nil { throw ValidationError("--in goes with --symbol.") }
    }

    func find(with lookup: VariableLookup) throws(LookupError) -> Variable {
        if let address, let type { return Variable(address: address, type: type) }
        return try lookup.find(symbol ?? "", type: type, inFile: file)
    }

    private static func address(_ text: String) throws -> UInt64 {
        guard let address = ScalarType("uint64")?.bits(of: text), address > 0 else {
            throw ValidationError("An address is a number such as 0x55d0c0a04010.")
        }
        return address
    }

    private static func type(_ text: String) throws -> ScalarType {
        guard let type = ScalarType(text) else { throw ValidationError("A type is one of \(Self.types).") }
        return type
    }
}
