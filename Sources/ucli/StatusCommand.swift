// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reports
import SystemPackage

/// `ucli status`: how the module is.
struct StatusCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Print whether the module is loaded, and what it counts.",
        discussion: """
            The exit status is 66 if the module is not loaded.

                ucli status
                ucli status --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func execute() throws {
        var status: ModuleStatus?
        var output = Output()
        do throws(Errno) {
            status = ModuleStatus(try readFile("/proc/variable_monitor/status"))
        } catch {
            guard error == .noSuchFileOrDirectory else {
                throw Failure.cannotOpen("the module's status", error)
            }
        }
        if json {
            output.buffer.write(ModuleStatus.json(status))
        } else if let status {
            output.buffer.write(status.text)
        }
        try output.finish()
        if status == nil {
            throw Failure.noDevice("the module is not loaded; load it: insmod kmod/variable_monitor.ko")
        }
    }
}
