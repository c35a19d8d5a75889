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

private func compile(_ source: String, _ options: [String]) throws -> (
    status: CInt, output: String
) {
    let file = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID()).swift")
    try "import VariableMonitor\n\(source)\n".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }

    let process = Process()
    let pipe = Pipe()
    process.executableURL = try compiler()
    process.arguments =
        [
            "-parse-as-library", "-swift-version", "6",
            "-I", builtFolder.appending(path: "Modules").path,
            "-I", packageFolder.appending(path: "Sources/CVariableMonitor/include").path,
        ] + options + [file.path]
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

/// Where these tests' executable is, and the modules that it was built from.
private let builtFolder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

/// The compiler of the toolchain whose libraries these tests run with.
private func compiler() throws -> URL {
    let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/maps"))
    let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    let library = #/(/[^\n]*)/lib/swift/linux/libTesting\.so/#
    let toolchain = try #require(maps.firstMatch(of: library)?.1)
    return URL(filePath: "\(toolchain)/bin/swiftc")
}
