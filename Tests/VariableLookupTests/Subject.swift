// SPDX-License-Identifier: Apache-2.0
import Glibc
import ScratchFixtures
import Symbolisation
import Testing
import VariableLookup

/// A program that a test compiles and runs. It says itself where its variables are: it writes lines of a
/// name and an address into the file `addresses`, and then waits.
struct Subject: ~Copyable {
    let fixture: Fixture
    let process: LiveProcess
    private let addresses: [String: UInt64]

    /// - Parameter command: what starts the program.
    init(_ fixture: consuming Fixture, _ command: String = "./program") throws {
        let (process, addresses) = try Self.start(command, in: fixture)
        self.fixture = fixture
        self.process = process
        self.addresses = addresses
    }

    private static func start(
        _ command: String, in fixture: borrowing Fixture
    ) throws -> (LiveProcess, [String: UInt64]) {
        let output = try fixture.run(
            """
            \(command) > addresses 2>&1 < /dev/null &
            echo $!
            for try in $(seq 3000); do
                grep -qs '^end' addresses && exit 0
                sleep 0.01
            done
            cat addresses >&2
            exit 1
            """)
        let pid = try #require(UInt32(output.split(separator: "\n")[0]))
        let process = try #require(LiveProcess(pid: pid))
        var addresses: [String: UInt64] = [:]
        for line in try fixture.run("grep -v '^end' addresses").split(separator: "\n") {
            let words = line.split(separator: " ")
            addresses[String(words[0])] = UInt64(words[1].dropFirst(2), radix: 16)
        }
        return (process, addresses)
    }

    deinit {
        kill(pid_t(process.pid), SIGKILL)
    }

    /// What the lookup finds, as `type` behind the name that the program gave its address, or its error.
    func find(_ name: String, type: ScalarType? = nil, inFile file: String? = nil) -> String {
        do throws(LookupError) {
            let variable = try VariableLookup(process).find(name, type: type, inFile: file)
            let own = addresses.filter { $0.value == variable.address }.keys.sorted().joined(separator: "=")
            return "\(own.isEmpty ? "elsewhere" : own): \(variable.type)"
        } catch {
            return error.description
        }
    }
}

/// For C and C++: `SAY(name, variable)` for each variable, then `wait_here()`.
let sayingHeader = """
    #include <stdio.h>
    #include <unistd.h>
    #define SAY(name, variable) printf("%s %p\\n", name, (void *)&(variable))
    static inline void wait_here(void)
    {
        printf("end\\n");
        fflush(stdout);
        for (;;)
            pause();
    }
    """
