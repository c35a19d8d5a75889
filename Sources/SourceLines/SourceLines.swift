// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// Finds the lines of source code of addresses, in files that were compiled with `-g`.
///
/// Nothing is read of a file before its first address is asked for, and of its units (source files, mostly)
/// only those of which addresses are.
public final class SourceLines {
    private struct Place: Hashable {
        let file: ObjectIdentifier
        let address: UInt64
    }

    /// Nil for files without such information. Files are kept, so that no other takes the place of one.
    private var files: [ObjectIdentifier: (file: ElfFile, lines: DebugInformation?)] = [:]
    private var known: [Place: [SourceFrame]] = [:]
    private static let knownMax = 1 << 16

    public init() {}

    /// The function at a file address and those into which it was inlined, innermost first; empty if the
    /// file does not tell.
    public func frames(at address: UInt64, of file: ElfFile) -> [SourceFrame] {
        let id = ObjectIdentifier(file)
        let place = Place(file: id, address: address)
        if let frames = known[place] { return frames }
        if files[id] == nil { files[id] = (file, file.debugInformation.flatMap(DebugInformation.init)) }
        let frames = files[id]?.lines?.frames(at: address) ?? []
        if known.count >= Self.knownMax { known = [:] }
        known[place] = frames
        return frames
    }
}
