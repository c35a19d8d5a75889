// SPDX-License-Identifier: Apache-2.0
import Reports
import SystemPackage

/// A report on its way to a file, written in large pieces.
struct Output: ~Copyable {
    var buffer = ReportBuffer()
    /// Nil for standard output.
    private let file: ReplacedFile?

    private static let pieceSize = 64 << 10

    init() {
        file = nil
    }

    /// To a file that appears under its name when all is written.
    init(replacing path: String) throws(Failure) {
        file = try ReplacedFile(path, permissions: [.ownerReadWrite, .groupRead, .otherRead])
    }

    /// Writes what is there, if it is worth a system call.
    mutating func drain() throws(Failure) {
        if buffer.bytes.count >= Self.pieceSize { try flush() }
    }

    mutating func flush() throws(Failure) {
        do {
            try (file?.descriptor ?? .standardOutput).writeWhole(buffer.bytes)
        } catch {
            throw .cannotWrite(error)
        }
        buffer.removeAll()
    }

    /// Writes the rest, and has the file system store it: only then a full disk is known.
    mutating func finish() throws(Failure) {
        try flush()
        do {
            try (file?.descriptor ?? .standardOutput).synchronize()
        } catch {
            throw .cannotWrite(error)
        }
        try file?.appear()
    }
}
