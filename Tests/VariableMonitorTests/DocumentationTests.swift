// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("The documentation")
struct DocumentationTests {
    @Test("builds without a warning: every symbol is there, every parameter explained")
    func builds() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "docs-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (status, output) = try run(
            URL(filePath: "/usr/bin/make"),
            [
                "-C", packageFolder.path, "docs", "DOCS=\(folder.path)",
                "SWIFT=\(try tool("swift").path)",
            ])
        #expect(status == 0, "\(output)")
        let pages = folder.appending(path: "VariableMonitor.doccarchive/data")
        for page in [
            "documentation/variablemonitor/conditions.json", "documentation/variablemonitor/watched.json",
            "tutorials/variablemonitor/fromanemptyfolder.json",
        ] {
            #expect(FileManager.default.fileExists(atPath: pages.appending(path: page).path), "\(page)")
        }
    }

    @Test("has a tutorial whose programs compile", arguments: 1...3)
    func tutorial(step: Int) throws {
        let resources = packageFolder.appending(
            path: "Sources/VariableMonitor/VariableMonitor.docc/Resources")
        let program = resources.appending(path: "heater-\(step).swift")
        #expect(try diagnose(program: program) == (0, ""))
    }
}
