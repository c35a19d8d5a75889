// SPDX-License-Identifier: Apache-2.0
import ScratchFixtures
import Testing

@testable import SourceLines
@testable import Symbolisation

/// Files and lines of every instruction of programs with inlined functions, against addr2line(1).
@Suite struct SourceLinesTests {
    private static let c = """
        #include <stdlib.h>
        static inline __attribute__((always_inline)) int innermost(int n)
        {
            return n * rand();
        }
        static inline __attribute__((always_inline)) int middle(int n)
        {
            int sum = innermost(n);
            for (int i = 0; i < n; i++)
                sum += innermost(i) / 3;
            return sum;
        }
        __attribute__((noinline)) int outer(int n)
        {
            if (n > 3) {
                int twice = middle(n) + middle(n + 1);
                return twice;
            }
            return n;
        }
        int main(int count, char **arguments)
        {
            return outer(count) + atoi(arguments[0]);
        }
        """
    private static let cxx = """
        #include <cstdlib>
        #include <vector>
        namespace ns {
        struct Adder {
            int sum = 0;
            void add(int n) { sum += n * rand(); }
            __attribute__((noinline)) int all(const std::vector<int> &numbers)
            {
                for (int n : numbers) add(n);
                return sum;
            }
        };
        }
        int main(int count, char **) { return ns::Adder().all(std::vector<int>(count)); }
        """

    private func file(_ path: String) throws -> ElfFile {
        let mapping = FileMapping(
            addresses: 0..<1, offset: 0, path: Array(path.utf8), buildID: [],
            identity: FileIdentity(deviceMajor: 0, deviceMinor: 0, inode: 0))
        let bytes = try #require(FileBytes(path: mapping.path))
        return try #require(ElfFile(bytes, debugFiles: DebugFiles(roots: [[]], path: mapping.path)))
    }

    /// The addresses of a function's instructions, and for each what addr2line says: name and `file:line`, in turns.
    private func judgement(_ fixture: borrowing Fixture, _ function: String) throws -> [(UInt64, [String])] {
        let listing = try fixture.run(
            "objdump -d --no-show-raw-insn whole | sed -n '/<\\(\(function)\\)>:$/,/^$/p' | sed -n 's/^ *\\([0-9a-f]*\\):.*/\\1/p'"
        )
        try fixture.write(listing, to: "addresses")
        // With -a, a line with the address begins what it says of each.
        var judgement: [(UInt64, [String])] = []
        for line in try fixture.run("addr2line -a -i -f -e whole < addresses").split(separator: "\n") {
            if line.hasPrefix("0x") {
                judgement.append((try #require(UInt64(line.dropFirst(2), radix: 16)), []))
            } else {
                judgement[judgement.count - 1].1.append(String(line))
            }
        }
        return judgement
    }

    private func check(_ fixture: borrowing Fixture, _ function: String, in file: ElfFile) throws {
        let lines = SourceLines()
        var inlined = 0
        let judgement = try judgement(fixture, function)
        try #require(judgement.count > 10)
        for (address, expected) in judgement {
            let frames = lines.frames(at: address, of: file)
            let found = frames.flatMap {
                [$0.function ?? "??", "\($0.file):\($0.line == 0 ? "?" : "\($0.line)")"]
            }
            let wanted = expected.enumerated().map { index, text in
                // It adds which of several parts of a line it is, and does not demangle.
                index % 2 == 0 ? functionName(ofSymbol: text) : String(text.prefix { $0 != " " })
            }
            #expect(found == wanted, "at \(String(address, radix: 16))")
            inlined += frames.count > 1 ? 1 : 0
        }
        #expect(inlined > 3)
    }

    @Test(arguments: ["-gdwarf-5", "-gdwarf-4", "-gdwarf-5 -gz", "-gdwarf-5 -gno-aranges"])
    func inlinedFunctions(flags: String) throws {
        let fixture = try Fixture()
        try fixture.write(Self.c, to: "source.c")
        let usable = flags.replacing("-gno-aranges", with: "")
        try fixture.run("gcc -O2 \(usable) -o whole source.c")
        if usable != flags { try fixture.run("objcopy --remove-section=.debug_aranges whole") }
        try check(fixture, "outer", in: file(fixture.path + "/whole"))
    }

    @Test func namesOfCxx() throws {
        let fixture = try Fixture()
        try fixture.write(Self.cxx, to: "source.cc")
        try fixture.run("g++ -O2 -g -o whole source.cc")
        try check(fixture, "_ZN2ns5Adder3allE.*", in: file(fixture.path + "/whole"))
    }

    @Test func aSeparateFile() throws {
        let fixture = try Fixture()
        try fixture.write(Self.c, to: "source.c")
        try fixture.run(
            """
            gcc -O2 -g -o whole source.c; objcopy --only-keep-debug whole program.debug
            strip whole -o program; objcopy --add-gnu-debuglink=program.debug program
            """)
        try check(fixture, "outer", in: file(fixture.path + "/program"))
    }

    @Test func withoutInformation() throws {
        let fixture = try Fixture()
        try fixture.write(Self.c, to: "source.c")
        try fixture.run("gcc -O2 -o whole source.c")
        let lines = SourceLines()
        let file = try file(fixture.path + "/whole")
        #expect(lines.frames(at: 0x1040, of: file).isEmpty)
        #expect(lines.frames(at: .max, of: file).isEmpty)
    }

    /// Whoever may write a program may write anything into it. The same mutations in every run.
    @Test func damagedFiles() throws {
        let fixture = try Fixture()
        try fixture.write(Self.c, to: "source.c")
        try fixture.run("gcc -O2 -g -o whole source.c")
        let addresses = try judgement(fixture, "outer").map(\.0)
        // In sections for debuggers, where it hurts.
        let place = try fixture.run(
            "readelf -SW whole | sed -n 's/.* .debug_info *PROGBITS *[0-9a-f]* \\([0-9a-f]*\\) .*/\\1/p'")
        let start = try #require(Int(place.prefix { $0 != "\n" }, radix: 16))
        try fixture.write(
            """
            import random, sys
            data = bytearray(open("whole", "rb").read())
            random.seed(int(sys.argv[1]))
            for _ in range(random.randint(1, 12)):
                data[random.randrange(\(start), len(data) - 4000)] = random.choice([0, 255, random.randrange(256)])
            open("program", "wb").write(data)
            """, to: "damage.py")
        for round in 0..<60 {
            try fixture.run("rm -f program; python3 damage.py \(round)")
            let file = try file(fixture.path + "/program")
            let lines = SourceLines()
            for address in addresses { _ = lines.frames(at: address, of: file) }
        }
    }
}
