// SPDX-License-Identifier: Apache-2.0

/// Why there is no variable to watch, in words for the person who named it.
public struct LookupError: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// Whether it may be found later: the process still starts, or loads more libraries.
    public let mayAppear: Bool

    init(_ description: String, mayAppear: Bool = false) {
        self.description = description
        self.mayAppear = mayAppear
    }
}
