// SPDX-License-Identifier: Apache-2.0

/// A function in source code, and the line in it. For one address there are several where functions
/// were inlined.
public struct SourceFrame: Equatable, Sendable {
    /// Demangled; nil if the file does not tell.
    public var function: String?
    /// The path as the compiler was given it.
    public var file: String
    /// From 1; 0 if the compiler gave none.
    public var line: Int

    public init(function: String?, file: String, line: Int) {
        self.function = function
        self.file = file
        self.line = line
    }
}
