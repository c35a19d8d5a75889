// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A program that a test runs; ended with the value.
struct ChildProcess: ~Copyable {
    let pid: pid_t

    /// - Parameter output: a file that takes standard output and standard error.
    init(_ arguments: [String], output: String = "/dev/null") throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)

        // Threads of a test may block all signals, which a program would inherit.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let copies = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe copies.indices { unsafe free(copies[index]) }
        }
        var pid: pid_t = 0
        let error = unsafe posix_spawnp(&pid, copies[0]!, &actions, &attributes, copies, environ)
        guard error == 0 else { throw TestFailure("\(arguments[0]) cannot be started: errno \(error)") }
        self.pid = pid
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Runs a program to its end; what it printed.
    static func output(of arguments: [String]) throws -> String {
        let path = try TemporaryFolder.shared.newFile()
        let child = try ChildProcess(arguments, output: path)
        let status = child.waitForEnd()
        let text = String(decoding: try contents(of: path), as: UTF8.self)
        guard status == 0 else { throw TestFailure("\(arguments) ended with \(status): \(text)") }
        return text
    }

    /// What the C function `waitpid` tells about its end; 0 for success.
    private consuming func waitForEnd() -> Int32 {
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        discard self
        return status
    }

    /// Waits until it sleeps in a system call of that number.
    func waitUntilIn(systemCalls: Set<Int>) throws {
        for _ in 0..<3000 {
            let line = String(decoding: try contents(of: "/proc/\(pid)/syscall"), as: UTF8.self)
            if let number = line.split(separator: " ").first.flatMap({ Int($0) }),
                systemCalls.contains(number)
            {
                return
            }
            usleep(10_000)
        }
        throw TestFailure("process \(pid) did not get to where it should sleep")
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The contents of a file, of `/proc` too.
func contents(of path: String) throws -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw TestFailure("\(path): errno \(errno)") }
    defer { close(file) }
    var contents: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe read(file, &part, part.count)
        guard count >= 0 else { throw TestFailure("\(path): errno \(errno)") }
        if count == 0 { return contents }
        contents += part[..<count]
    }
}

/// Writes a new file.
func write(_ text: String, to path: String) throws {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw TestFailure("\(path): errno \(errno)") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard unsafe Glibc.write(file, bytes, bytes.count) == bytes.count else {
        throw TestFailure("\(path) cannot be written")
    }
}
