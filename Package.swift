// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let noWarnings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// For all that handles foreign bytes: unsafe code must say that it is.
let strict = noWarnings + [.strictMemorySafety()]

/// Set by the Makefile, together with `--static-swift-stdlib`, without which it does not link.
/// `ucli` then starts in a millisecond, with a third less memory, on any machine. lld does not warn
/// of what a static program cannot look up, such as user names: `ucli` does not.
let isStatic = Context.environment["UCLI_STATIC"] == "1"

let package = Package(
    name: "variable-monitor",
    products: [
        .library(name: "VariableMonitor", targets: ["VariableMonitor"]),
        .executable(name: "ucli", targets: ["ucli"]),
        // For Tests/fuzz-readers, which is a package of its own.
        .library(
            name: "Readers",
            targets: [
                "CVariableMonitor", "CallFrameInformation", "DumpRecords", "PerfData", "RecordWriting",
                "StackUnwinding", "Symbolisation", "WaitForGraph",
            ]),
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
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "DumpRecords", dependencies: ["CVariableMonitor", "CZlib"], swiftSettings: strict),
        .systemLibrary(name: "CElf", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
        .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        .target(name: "CFileMapping"),
        .target(
            name: "CUnwind",
            linkerSettings: [
                .linkedLibrary("unwind-x86_64"),
                .linkedLibrary("lzma"),  // libunwind's
            ]),
        .target(name: "CallFrameInformation", swiftSettings: strict),
        .target(
            name: "Symbolisation",
            dependencies: [
                "CElf", "CFileMapping", "CLzma", "CallFrameInformation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict,
            linkerSettings: [
                .linkedLibrary("stdc++"),  // __cxa_demangle
                .linkedLibrary("z"),  // libelf's
            ]),
        .systemLibrary(name: "CDw", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
        .target(name: "SourceLines", dependencies: ["CDw", "Symbolisation"], swiftSettings: strict),
        // From a name to a variable of a running process.
        .target(
            name: "VariableLookup",
            dependencies: ["CDw", "Symbolisation", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        .target(
            name: "PerfData",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "Symbolisation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "StackUnwinding",
            dependencies: [
                "CUnwind", "CVariableMonitor", "CallFrameInformation", "DumpRecords", "Symbolisation",
            ],
            swiftSettings: strict),
        .target(
            name: "WaitForGraph", dependencies: ["CVariableMonitor", "DumpRecords", "Symbolisation"],
            swiftSettings: strict),
        .target(
            name: "Reports",
            dependencies: [
                "CVariableMonitor", "CZlib", "DumpRecords", "PerfData", "SourceLines", "StackUnwinding",
                "Symbolisation", "WaitForGraph",
            ],
            resources: [.embedInCode("flamegraph.html")],
            swiftSettings: strict),
        .executableTarget(
            name: "ucli",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "PerfData", "Reports", "StackUnwinding", "Symbolisation",
                "VariableLookup", "WaitForGraph",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict,
            linkerSettings: isStatic ? [.unsafeFlags(["-static-executable", "-use-ld=lld"])] : []),

        // Small programs to read and run.
        .executableTarget(
            name: "userstack", dependencies: ["VariableMonitor"], path: "testcase/userstack",
            swiftSettings: noWarnings),
        .executableTarget(
            name: "conditions", dependencies: ["VariableMonitor"], path: "testcase/conditions",
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
        // Renders made-up dumps, for tests with programs that read reports.
        .executableTarget(
            name: "render-sample",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "PerfData", "RecordWriting", "Reports", "SourceLines",
                "StackUnwinding", "Symbolisation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/render-sample", swiftSettings: strict),
        .testTarget(
            name: "DumpRecordsTests",
            dependencies: ["CVariableMonitor", "DumpRecords", "RecordWriting"],
            swiftSettings: strict),
        // Runs compilers and other tools for tests.
        .target(name: "ScratchFixtures", path: "Tests/ScratchFixtures", swiftSettings: strict),
        .testTarget(
            name: "CallFrameInformationTests",
            dependencies: ["CallFrameInformation"],
            swiftSettings: strict),
        .testTarget(
            name: "SymbolisationTests",
            dependencies: ["ScratchFixtures", "Symbolisation"],
            swiftSettings: strict),
        .testTarget(
            name: "PerfDataTests",
            dependencies: [
                "DumpRecords", "PerfData", "Symbolisation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SourceLinesTests",
            dependencies: ["ScratchFixtures", "SourceLines", "Symbolisation"],
            swiftSettings: strict),
        .testTarget(
            name: "VariableLookupTests",
            dependencies: ["ScratchFixtures", "Symbolisation", "VariableLookup"],
            swiftSettings: strict),
        .testTarget(
            name: "StackUnwindingTests",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "PerfData", "RecordWriting", "StackUnwinding",
                "Symbolisation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WaitForGraphTests",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "RecordWriting", "Symbolisation", "WaitForGraph",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "CVariableMonitor", "DumpRecords", "PerfData", "RecordWriting", "Reports", "SourceLines",
                "StackUnwinding", "Symbolisation", "WaitForGraph",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
