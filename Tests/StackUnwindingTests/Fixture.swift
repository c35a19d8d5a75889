// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The programs of `Tests/programs`, which stop deep in their calls.
enum Fixture {
    private static let source = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../programs").standardized.path
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../build/programs").standardized.path

    /// What the script that builds them says: which cannot be built, and why.
    private static let built = Result { try ChildProcess.output(of: ["\(source)/build"]) }

    /// How to start one; nil if it cannot be built here, which is said.
    static func command(_ name: String) throws -> [String]? {
        if name == "python" { return ["/usr/bin/python3", "\(source)/deep.py"] }
        if name == "busy" { return ["/usr/bin/python3", "\(source)/busy.py"] }
        let output = try built.get()
        if let missing = output.split(separator: "\n").first(where: { $0.hasPrefix("\(name): ") }) {
            print("SKIPPED fixture \(missing)")
            return nil
        }
        return ["\(folder)/\(name)"]
    }
}

extension ChildProcess {
    /// The thread that waits in pause(2), as all fixtures do in the end.
    func waitForStop() throws -> pid_t {
        let pause = ["34", "29"]  // of 64 and of 32 bits
        for _ in 0..<3000 {
            for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
                let line = String(
                    decoding: try contents(of: "/proc/\(pid)/task/\(thread)/syscall"), as: UTF8.self)
                if let number = line.split(separator: " ").first, pause.contains(String(number)) {
                    return pid_t(thread)!
                }
            }
            usleep(10_000)
        }
        throw TestFailure("process \(pid) did not get to where it should stop")
    }

    /// Stops it with a signal at a moment when the condition holds.
    func stop(where condition: () throws -> Bool) throws {
        for _ in 0..<1000 {
            kill(pid, SIGSTOP)
            while !String(decoding: try contents(of: "/proc/\(pid)/stat"), as: UTF8.self).contains(") T ") {
                usleep(1000)
            }
            if try condition() { return }
            kill(pid, SIGCONT)
            usleep(1000)
        }
        throw TestFailure("process \(pid) is never where it should be")
    }
}
