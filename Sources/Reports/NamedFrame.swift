// SPDX-License-Identifier: Apache-2.0
import SourceLines
import Symbolisation

/// One frame of a stack.
public struct NamedFrame: Sendable {
    public let address: UInt64
    /// Where the function is that the frame belongs to: of a caller, the byte before the address.
    public let location: CodeLocation
    /// Functions that were inlined there, innermost first, and last the function itself. Empty if
    /// nobody asked, or nothing tells.
    public var sources: [SourceFrame]
    let identity: Identity

    /// What tells frames of one report apart, without a reference that is counted.
    struct Identity: Equatable {
        var address: UInt64
        var fileAddress: UInt64
        var symbol: ObjectIdentifier?
        var file: ObjectIdentifier?
    }

    public init(address: UInt64, location: CodeLocation, sources: [SourceFrame] = []) {
        self.address = address
        self.location = location
        self.sources = sources
        identity = Identity(
            address: address, fileAddress: location.address,
            symbol: location.symbol.map { ObjectIdentifier($0) },
            file: location.file.map { ObjectIdentifier($0) })
    }

    /// A frame that is only known by its function's name.
    init(address: UInt64, name: String?) {
        self.init(
            address: address,
            location: CodeLocation(symbol: name.map { Symbol(name: $0, start: address) }, address: address))
    }

    /// The function: one word, demangled, without parameters; nil if nothing tells.
    public var name: String? { location.symbol?.name }

    /// The address in bytes from the function's start; nil without a function.
    var offset: UInt64? {
        // Files are mapped at whole pages, so that the lowest bit tells whether the location is
        // that of the address or of the byte before.
        location.symbol.map { location.address &- $0.start &+ ((address &- location.address) & 1) }
    }

    /// The last part of the file's path; nil without a file.
    var fileName: String? {
        location.file.map { file in
            let name = file.path.drop { $0 == UInt8(ascii: "/") }.split(separator: UInt8(ascii: "/")).last
            return String(decoding: name ?? file.path[...], as: UTF8.self).printable
        }
    }
}

extension SourceFrame {
    /// As reports show it.
    var name: String { function?.printable ?? "UNKNOWN" }
}
