// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import PerfData
import SystemPackage

/// Why `ucli` cannot do its work: a message for a person, and the exit status.
struct Failure: Error {
    let message: String
    let exitCode: ExitCode

    /// By the meanings of `sysexits.h`.
    static func noDevice(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(66)) }
    static func noInput(_ message: String) -> Failure { noDevice(message) }
    static func noPermission(_ message: String) -> Failure {
        Failure(message: message, exitCode: ExitCode(77))
    }
    static func cannotRead(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(74)) }
    static func cannotWrite(_ errno: Errno) -> Failure {
        Failure(message: "the report could not be written: \(errno)", exitCode: ExitCode(74))
    }
    static func cannotWrite(_ path: String, _ why: String) -> Failure {
        Failure(message: "\(path) cannot be written: \(why)", exitCode: ExitCode(74))
    }
    /// A file that was to be read.
    static func cannotOpen(_ path: String, _ errno: Errno) -> Failure {
        let code: Int32 =
            switch errno {
            case .noSuchFileOrDirectory, .notDirectory: 66
            case .permissionDenied, .notPermitted: 77
            default: 74
            }
        return Failure(message: "\(path) cannot be read: \(errno)", exitCode: ExitCode(code))
    }
    static func unusable(_ path: String, _ error: PerfDataError) -> Failure {
        switch error {
        case .cannotRead(let errno): cannotOpen(path, errno)
        case .notSeekable: cannotRead("\(path): \(error)")
        default: Failure(message: "\(path): \(error)", exitCode: ExitCode(65))
        }
    }
    static func unusable(_ path: String, _ why: String) -> Failure {
        Failure(message: "\(path): \(why)", exitCode: ExitCode(65))
    }
}

/// Writes a line to standard error. That nobody reads it is no reason to fail.
func note(_ message: String) {
    _ = try? FileDescriptor.standardError.writeAll("ucli: \(message)\n".utf8)
}
