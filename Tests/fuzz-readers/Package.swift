// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

// Fuzzers of all that reads foreign bytes, with libFuzzer. tools/fuzz-readers builds and runs them.
// A package of its own, for with `--sanitize=fuzzer` nothing else of the project links.

import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .strictMemorySafety()]

let readers: Target.Dependency = .product(name: "Readers", package: "variable-monitor")

/// One program for one reader. libFuzzer brings `main`; that it is not to be looked for here takes an unsafe flag.
func fuzzer(_ reader: String, _ linkerSettings: [LinkerSetting] = []) -> Target {
    .executableTarget(
        name: "fuzz-\(reader)",
        dependencies: ["FuzzInput", readers],
        swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
        linkerSettings: linkerSettings)
}

let package = Package(
    name: "fuzz-readers",
    dependencies: [.package(name: "variable-monitor", path: "../..")],
    targets: [
        .target(name: "FuzzInput", dependencies: [readers], swiftSettings: strict),
        fuzzer("cfi"),
        fuzzer("perf-data"),
        fuzzer("recordings"),
        fuzzer("records"),
        fuzzer("elf"),
        fuzzer("names"),
        // libunwind is to find the stand-in for it.
        fuzzer("stacks", [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=sigprocmask"])]),
    ],
    swiftLanguageModes: [.v6]
)
