// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "heater",
    dependencies: [.package(path: "../variable-monitor")],
    targets: [
        .executableTarget(
            name: "heater",
            dependencies: [.product(name: "VariableMonitor", package: "variable-monitor")],
            swiftSettings: [.treatWarning("TemporaryPointers", as: .error)])
    ])
