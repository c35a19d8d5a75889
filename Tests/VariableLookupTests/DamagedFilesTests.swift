// SPDX-License-Identifier: Apache-2.0
import Glibc
import ScratchFixtures
import Testing

@testable import Symbolisation
@testable import VariableLookup

/// A program's files are whatever its owner put there: no byte of them may trap, or take forever.
@Suite struct DamagedFilesTests {
    private static let source = """
        struct base { int number; union { long all; float part; }; };
        struct pool { struct base base; struct { short depth[3][4]; }; struct pool *next; };
        struct pool pool;
        int main(void) { return pool.base.number; }
        """

    private func program() throws -> [UInt8] {
        let fixture = try Fixture()
        try fixture.write(Self.source, to: "program.c")
        try fixture.run("gcc -g -o program program.c")
        return try contents(of: .init("\(fixture.path)/program"), limit: 1 << 20)
    }

    /// What can be asked of a file, as a watch asks it.
    private func ask(_ bytes: [UInt8]) -> Int {
        guard let file = ElfFile(FileBytes(joining: bytes)) else { return 0 }
        let variables = file.variables { _ in true }
        guard let types = TypeInformation(FileBytes(joining: bytes)) else { return 0 }
        var found = 0
        for variable in variables.prefix(64) where variable.symbol == "pool" {
            for name in ["pool.base.number", "pool.base.part", "pool.depth[2][3]", "pool.next", "pool.none"] {
                let steps = (try? VariableName(name))?.readings.last?.steps ?? []
                if let part = try? types.part(steps, ofVariableAt: variable.address, nil) {
                    found += part.offset < variable.size ? 1 : 0
                }
            }
        }
        return found
    }

    @Test func everyPartOfADamagedFile() throws {
        let whole = try program()
        #expect(ask(whole) == 4)
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        var state = seed
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        // The file is mostly zeros between its parts: what is damaged is to be something.
        let places = whole.indices.filter { whole[$0] != 0 }
        var unharmed = 0
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0...next(4) { bytes[places[next(places.count)]] = UInt8(next(256)) }
            if next(8) == 0 { bytes.removeLast(next(bytes.count)) }
            unharmed += ask(bytes) == 4 ? 1 : 0
        }
        // Some damage does not matter, and some does; seed tells which it was.
        #expect(unharmed > 0 && unharmed < 500, "seed \(seed)")
    }
}
