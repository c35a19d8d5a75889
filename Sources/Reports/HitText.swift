// SPDX-License-Identifier: Apache-2.0
import DumpRecords

extension Hit {
    /// A value of the variable, or its threshold, with its sign.
    func decimal(_ value: UInt64) -> String {
        isUnsigned ? String(value) : String(Int64(bitPattern: value))
    }

    /// `temp = 151 > 150`
    var condition: String {
        "\(name.printable) = \(decimal(value)) \(isLess ? "<" : ">") \(decimal(threshold))"
    }
}
