// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A folder in which a test makes files with the system's own compilers and tools; removed with the value.
public struct Fixture: ~Copyable {
    public let path: String

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public init() throws {
        var template = Array("/tmp/variable-monitor-tests.XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Failure(description: "no temporary folder") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Runs a shell script in the folder, and returns what it prints. A tool that is missing or
    /// fails is an error of the test.
    @discardableResult
    public func run(_ script: String) throws -> String {
        guard let pipe = unsafe popen("cd '\(path)' && set -e && { \(script)\n}", "re") else {
            throw Failure(description: "no shell")
        }
        var output: [UInt8] = []
        while case let byte = unsafe getc(pipe), byte != EOF {
            output.append(UInt8(truncatingIfNeeded: byte))
        }
        guard unsafe pclose(pipe) == 0 else { throw Failure(description: "failed: \(script)") }
        return String(decoding: output, as: UTF8.self)
    }

    public func write(_ text: String, to name: String) throws {
        guard let file = unsafe fopen("\(path)/\(name)", "we") else {
            throw Failure(description: "cannot write \(name)")
        }
        defer { unsafe fclose(file) }
        guard unsafe fputs(text, file) >= 0 else { throw Failure(description: "cannot write \(name)") }
    }

    deinit {
        unsafe system("rm -rf '\(path)'")
    }
}
