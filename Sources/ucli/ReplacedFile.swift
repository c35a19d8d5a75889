// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// A file that is written beside its place, and takes it when it is complete.
///
/// Until then, what was there before stays. A process that is interrupted leaves nothing behind.
final class ReplacedFile {
    let descriptor: FileDescriptor
    private let path: String
    private let temporaryPath: String
    private var isTemporary = true
    /// Stays under its temporary name if it is never completed: it holds what is nowhere else.
    var isPrecious = false

    init(_ path: String, permissions: FilePermissions) throws(Failure) {
        let place = FilePath(path)
        if let type = try? place.stat().type, type != .regular {
            throw Failure.cannotWrite(path, "it is there, and is no regular file")
        }
        let temporary = place.removingLastComponent().appending(
            ".\(place.lastComponent?.string ?? "").\(getpid())")
        self.path = path
        temporaryPath = temporary.string
        // Before it is there: between the two, an interruption would leave it.
        removeWhenInterrupted(temporaryPath)
        do {
            descriptor = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: permissions)
        } catch {
            removeWhenInterrupted(nil)
            throw .cannotWrite(path, "\(error)")
        }
    }

    /// Gives the file its name. All of it must be stored before.
    func appear() throws(Failure) {
        guard unsafe rename(temporaryPath, path) == 0 else {
            throw .cannotWrite(path, "\(Errno(rawValue: errno))")
        }
        isTemporary = false
        removeWhenInterrupted(nil)
    }

    deinit {
        try? descriptor.close()
        guard isTemporary else { return }
        removeWhenInterrupted(nil)
        if isPrecious {
            note("what was recorded before is in \(temporaryPath)")
        } else {
            unsafe unlink(temporaryPath)
        }
    }
}
