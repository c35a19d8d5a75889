// SPDX-License-Identifier: Apache-2.0

/// A number in a running process.
public struct Variable: Equatable, Sendable {
    /// As its language has it, with the fields and indices that lead to it: `net::pool.free`.
    public let name: String
    /// The file that it belongs to, as the process has it; empty if only its address was given.
    public let file: String
    /// In the process.
    public let address: UInt64
    public let type: ScalarType
    /// Where the type is from.
    public let typeSource: TypeSource

    public enum TypeSource: Sendable {
        /// From who asked for it.
        case given
        /// From the language's own description of the variable.
        case declared
        /// The symbol's size, and nothing else: the sign is assumed.
        case size
    }

    /// A number of which only the address is known.
    public init(address: UInt64, type: ScalarType) {
        self.init(
            name: "0x" + String(address, radix: 16), file: "", address: address, type: type,
            typeSource: .given)
    }

    init(name: String, file: String, address: UInt64, type: ScalarType, typeSource: TypeSource) {
        self.name = name
        self.file = file
        self.address = address
        self.type = type
        self.typeSource = typeSource
    }
}
