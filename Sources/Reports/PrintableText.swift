// SPDX-License-Identifier: Apache-2.0
import DumpRecords

extension String {
    /// The text with `?` in place of all that could break a line or steer a terminal.
    ///
    /// Names and command lines come from programs that may want a report to look other than it is.
    var printable: String {
        if utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return self }
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
}

extension RawText {
    var printable: String { string.printable }
}
