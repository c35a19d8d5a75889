// SPDX-License-Identifier: Apache-2.0

/// On which side of a threshold a value is a hit. The threshold itself never is.
public enum Comparison: Sendable {
    /// The value is greater than the threshold.
    case above
    /// The value is less than the threshold.
    case below
}
