// SPDX-License-Identifier: Apache-2.0

import CVariableMonitor

/// When a value is a hit. The threshold itself never is.
public enum Comparison: Sendable {
    /// The value is greater than the threshold.
    case above
    /// The value is less than the threshold.
    case below

    var abi: UInt8 {
        switch self {
        case .above: UInt8(VMON_GREATER.rawValue)
        case .below: UInt8(VMON_LESS.rawValue)
        }
    }
}
