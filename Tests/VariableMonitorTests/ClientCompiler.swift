// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the compiler says to a client of the library as it was built for these tests.
func diagnose(_ source: String, _ options: String...) throws -> (status: CInt, output: String) {
    // SIL is the first step that sees whether a number fits its type.
    try compile(source, ["-emit-sil", "-o", "/dev/null"] + options)
}

/// The instructions of each function of an optimised client, in order of its mangled name.
///
/// Loops are not unrolled, so that they can be read.
func optimise(_ source: String) throws -> [(name: String, instructions: [String])] {
    let (status, output) = try compile(
        source,
        [
            "-O", "-module-name", "client", "-Xllvm", "-unroll-runtime=false",
            "-emit-assembly", "-o", "-",
        ])
    try #require(status == 0, "\(output)")
    var functions: [(name: String, instructions: [String])] = []
    for line in output.split(separator: "\n") {
        if let label = line.prefixMatch(of: #/(\$s6client\w+):/#) {
            functions.append((String(label.1), []))
        } else if line.hasPrefix(".Lfunc_end") {
            functions.append(("", []))
        } else if let instruction = line.wholeMatch(of: #/\t([a-z][^#]*)/#), !functions.isEmpty {
            functions[functions.count - 1].instructions.append(String(instruction.1))
        } else if let label = line.prefixMatch(of: #/\.LBB\w+:/#), !functions.isEmpty {
            functions[functions.count - 1].instructions.append(String(label.0))
        }
    }
    return functions
}

/// What the compiler says to a program, whose statements are not all in functions.
func diagnose(program: URL) throws -> (status: CInt, output: String) {
    let file = FileManager.default.temporaryDirectory.appending(path: "main-\(UUID())/main.swift")
    try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    try FileManager.default.copyItem(at: program, to: file)
    return try run(
        tool("swiftc"), ["-typecheck", "-warnings-as-errors"] + clientOptions() + [file.path])
}

private func compile(_ source: String, _ options: [String]) throws -> (
    status: CInt, output: String
) {
    let file = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID()).swift")
    try "import VariableMonitor\n\(source)\n".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try run(
        tool("swiftc"), ["-parse-as-library"] + clientOptions() + options + [file.path])
}

private func clientOptions() -> [String] {
    // Beside these tests' executable are the modules that it was built from.
    let built = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    return [
        "-swift-version", "6", "-I", built.appending(path: "Modules").path,
        "-I", packageFolder.appending(path: "Sources/CVariableMonitor/include").path,
    ]
}

/// Runs a program; what it writes to both of its outputs.
func run(_ program: URL, _ arguments: [String]) throws -> (status: CInt, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

/// A tool of the toolchain whose libraries these tests run with.
func tool(_ name: String) throws -> URL {
    let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/maps"))
    let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    let library = #/(/[^\n]*)/lib/swift/linux/libTesting\.so/#
    let toolchain = try #require(maps.firstMatch(of: library)?.1)
    return URL(filePath: "\(toolchain)/bin/\(name)")
}
