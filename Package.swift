// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let noWarnings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// For all that handles foreign bytes: unsafe code must say that it is.
let strict = noWarnings + [.strictMemorySafety()]

let package = Package(
    name: "variable-monitor",
    products: [
        .library(name: "VariableMonitor", targets: ["VariableMonitor"]),
        .executable(name: "ucli", targets: ["ucli"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // The kernel ABI, shared with the module, and the ioctls as functions.
        .target(name: "CVariableMonitor"),

        // What programs link: watches. No dependencies, no Foundation.
        .target(name: "VariableMonitor", dependencies: ["CVariableMonitor"], swiftSettings: strict),

        // From the module's bytes to a report: parse → unwind → symbolise → render.
        .target(name: "DumpRecords", dependencies: ["CVariableMonitor"], swiftSettings: strict),
        .systemLibrary(name: "CElf", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
        .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        .target(name: "CFileMapping"),
        .systemLibrary(name: "CUnwind", providers: [.apt(["libunwind-dev"])]),
        .target(
            name: "Symbolisation",
            dependencies: [
                "CElf", "CFileMapping", "CLzma", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict,
            linkerSettings: [.linkedLibrary("stdc++")]),  // __cxa_demangle
        .systemLibrary(name: "CDw", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
        .target(name: "SourceLines", dependencies: ["CDw", "Symbolisation"], swiftSettings: strict),
        .target(
            name: "StackUnwinding",
            dependencies: ["CUnwind", "CVariableMonitor", "DumpRecords", "Symbolisation"],
            swiftSettings: strict),
        .target(
            name: "Reports",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "SourceLines", "StackUnwinding", "Symbolisation",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "ucli",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "Reports", "StackUnwinding", "Symbolisation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // Small programs to read and run.
        .executableTarget(
            name: "userstack", dependencies: ["VariableMonitor"], path: "testcase/userstack",
            swiftSettings: noWarnings),
        .executableTarget(
            name: "helloworld", dependencies: ["VariableMonitor"], path: "testcase/helloworld",
            swiftSettings: noWarnings),

        .testTarget(
            name: "VariableMonitorTests",
            dependencies: ["CVariableMonitor", "VariableMonitor"],
            swiftSettings: strict),
        // Writes records as the module does, for tests that read them.
        .target(
            name: "RecordWriting", dependencies: ["CVariableMonitor"], path: "Tests/RecordWriting",
            swiftSettings: strict),
        .testTarget(
            name: "DumpRecordsTests",
            dependencies: ["CVariableMonitor", "DumpRecords", "RecordWriting"],
            swiftSettings: strict),
        // Runs compilers and other tools for tests.
        .target(name: "Fixtures", path: "Tests/Fixtures", swiftSettings: strict),
        .testTarget(
            name: "SymbolisationTests",
            dependencies: ["Fixtures", "Symbolisation"],
            swiftSettings: strict),
        .testTarget(
            name: "SourceLinesTests",
            dependencies: ["Fixtures", "SourceLines", "Symbolisation"],
            swiftSettings: strict),
        .testTarget(
            name: "StackUnwindingTests",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "RecordWriting", "StackUnwinding", "Symbolisation",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "RecordWriting", "Reports", "StackUnwinding", "Symbolisation",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
