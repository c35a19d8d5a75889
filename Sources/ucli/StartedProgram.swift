// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import SystemPackage

/// A program that this one has started, and whose end it waits for.
final class StartedProgram {
    let pid: pid_t
    /// As wait(2) has it; nil as long as it runs.
    private var status: CInt?

    /// Returns when the program has taken the place of this one in the new process (`posix_spawnp`): its files
    /// are mapped, and it has not yet run more than an instant.
    init(_ command: [String]) throws(Failure) {
        var attributes = posix_spawnattr_t()
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        // This program ignores it, which is nothing to inherit.
        unsafe sigaddset(&defaults, SIGPIPE)
        // Who starts this program may have it ignored; then nothing could be known of the end.
        signal(SIGCHLD, SIG_DFL)
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

        // The kernel lets posix_spawnp() return an instant before the memory is the program's own. It closes
        // what is not to be inherited after that.
        let started = try FileDescriptor.ownPipe()
        defer { try? started.readEnd.close() }

        var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var number = pid_t()
        let result = unsafe posix_spawnp(&number, command[0], nil, &attributes, &arguments, environ)
        try? started.writeEnd.close()
        guard result == 0 else { throw .cannotOpen(command[0], Errno(rawValue: result)) }
        pid = number
        var nothing: UInt8 = 0
        _ = unsafe withUnsafeMutableBytes(of: &nothing) { unsafe try? started.readEnd.read(into: $0) }
    }

    var hasEnded: Bool {
        reap(WNOHANG)
        return status != nil
    }

    /// Asks it to end; by `SIGKILL`, makes it.
    func terminate(by number: CInt = SIGTERM) {
        if !hasEnded { kill(pid, number) }
    }

    /// Waits for its end; what this program is to exit with.
    func exitCode() -> ExitCode {
        reap(0)
        guard let status else { return ExitCode(EXIT_FAILURE) }
        let signal = status & 0x7f
        // As shells do.
        return ExitCode(signal == 0 ? status >> 8 & 0xff : 128 + signal)
    }

    private func reap(_ options: CInt) {
        var status: CInt = 0
        while self.status == nil {
            let result = unsafe waitpid(pid, &status, options)
            if result == pid { self.status = status }
            if result >= 0 || errno != EINTR { return }
        }
    }
}
