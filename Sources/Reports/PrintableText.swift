// SPDX-License-Identifier: Apache-2.0
import DumpRecords

extension String {
    /// The text with `?` in place of all that could break a line or steer a terminal.
    ///
    /// Names and command lines come from programs that may want a report to look other than it is.
    var printable: String {
        let bytes = utf8.span
        if bytes.indices.allSatisfy({ (0x20...0x7e).contains(bytes[$0]) }) { return self }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate:
                text.append("?")
            default:
                text.append(scalar)
            }
        }
        return String(text)
    }

    /// The text with other characters in place of some, for formats that end a field at them.
    func replacing(_ replacements: KeyValuePairs<Character, Character>) -> String {
        // Most names have none of them, and comparing bytes is quicker.
        let bytes = replacements.map { $0.key.asciiValue }
        if utf8.allSatisfy({ !bytes.contains($0) }) { return self }
        return String(map { character in replacements.first { $0.key == character }?.value ?? character })
    }
}

extension RawText {
    var printable: String { string.printable }
}

extension CapturedProcess {
    /// The arguments with blanks between them; `[comm]` for what has none, as ps(1) shows it.
    var commandLine: String {
        if arguments.isEmpty { return "[\(comm.printable)]" }
        return arguments.map(\.printable).joined(separator: " ")
    }
}
