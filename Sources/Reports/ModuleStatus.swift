// SPDX-License-Identifier: Apache-2.0

/// What the module says of itself: `/proc/variable_monitor/status`, lines of `name: number`.
public struct ModuleStatus: Sendable {
    /// In the module's order.
    public let fields: [(name: String, value: UInt64)]

    /// Lines that are of another form are skipped.
    public init(_ text: [UInt8]) {
        fields = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let parts = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].utf8.allSatisfy(Self.isPartOfName),
                let value = UInt64(parts[1].drop { $0 == " " })
            else { return nil }
            return (String(parts[0]), value)
        }
    }

    /// So that a name needs no escapes.
    private static func isPartOfName(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// For a person: the names in one column.
    public var text: String {
        let width = fields.map(\.name.utf8.count).max() ?? 0
        return fields.map { field in
            field.name + String(repeating: " ", count: width - field.name.utf8.count + 2) + "\(field.value)\n"
        }.joined()
    }

    /// One object on a line; `loaded` tells whether the module is there.
    public static func json(_ status: ModuleStatus?) -> String {
        let fields = (status?.fields ?? []).map { ",\"\($0.name)\":\($0.value)" }.joined()
        return "{\"loaded\":\(status != nil)\(fields)}\n"
    }
}
