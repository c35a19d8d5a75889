// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import SystemPackage

/// Why `ucli` cannot do its work: a message for a person, and the exit status.
struct Failure: Error {
    let message: String
    let exitCode: ExitCode

    /// By the meanings of `sysexits.h`.
    static func noDevice(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(66)) }
    static func noPermission(_ message: String) -> Failure {
        Failure(message: message, exitCode: ExitCode(77))
    }
    static func cannotRead(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(74)) }
    static func cannotWrite(_ errno: Errno) -> Failure {
        Failure(message: "the report could not be written: \(errno)", exitCode: ExitCode(74))
    }
}

/// Writes a line to standard error. That nobody reads it is no reason to fail.
func note(_ message: String) {
    _ = try? FileDescriptor.standardError.writeAll("ucli: \(message)\n".utf8)
}

/// From then on, a write to a pipe that nobody reads fails with `EPIPE`.
func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
}
