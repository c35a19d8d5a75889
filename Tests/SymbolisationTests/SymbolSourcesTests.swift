// SPDX-License-Identifier: Apache-2.0
import ScratchFixtures
import Testing

@testable import Symbolisation

/// Where the names of a file come from, each on a file that has no other, made with gcc and binutils.
@Suite struct SymbolSourcesTests {
    private static let source = """
        #include <stdlib.h>
        __thread int threadVariable; int variable = 1;
        __attribute__((noipa)) static int hidden(int n) { return n + variable; }
        __attribute__((noipa)) int shown(int n) { return hidden(n) + atoi(getenv("A")) + rand(); }
        int main(void) { return shown(threadVariable); }
        """

    /// A program, and where nm(1) says that its functions are.
    private struct Program: ~Copyable {
        let fixture: Fixture
        private let addresses: [String: UInt64]

        init(_ flags: String = "-Wl,--build-id -rdynamic") throws {
            let fixture = try Fixture()
            try fixture.write(SymbolSourcesTests.source, to: "source.c")
            try fixture.run("gcc -O1 \(flags) -o whole source.c; cp whole program")
            var addresses: [String: UInt64] = [:]
            for line in try fixture.run("nm whole").split(separator: "\n") {
                let fields = line.split(separator: " ")
                if fields.count == 3 { addresses[String(fields[2])] = UInt64(fields[0], radix: 16) }
            }
            self.fixture = fixture
            self.addresses = addresses
        }

        func address(_ name: String) throws -> UInt64 { try #require(addresses[name]) }

        /// The file as a process with another root would have it.
        func open(root: String = "", path: String? = nil) throws -> ElfFile {
            let path = Array((path ?? fixture.path + "/program").utf8)
            let bytes = try #require(FileBytes(path: path, root: Array(root.utf8)))
            return try #require(ElfFile(bytes, debugFiles: DebugFiles(roots: [Array(root.utf8)], path: path)))
        }

        /// Looks up the last byte of a function.
        func name(of function: String, in file: ElfFile? = nil) throws -> String? {
            try (file ?? open()).symbol(at: address(function) + 3)?.name
        }
    }

    @Test func theFullTable() throws {
        let program = try Program()
        #expect(try program.name(of: "hidden") == "hidden")
        #expect(try program.name(of: "shown") == "shown")
        #expect(try program.open().symbol(at: program.address("variable")) == nil, "data has no functions")
        let start = try program.open().symbol(at: program.address("hidden") + 3)?.start
        #expect(try start == program.address("hidden"))
    }

    @Test func theTableOfTheDynamicLinker() throws {
        let program = try Program()
        try program.fixture.run("strip program")
        #expect(try program.name(of: "shown") == "shown")
        #expect(try program.name(of: "hidden") == nil, "nothing names it, so no other name is right")
    }

    @Test(arguments: ["program.debug", ".debug/program.debug"])
    func aLinkedDebugFile(place: String) throws {
        let program = try Program()
        try program.fixture.run(
            """
            mkdir .debug; objcopy --only-keep-debug whole program.debug; strip program
            objcopy --add-gnu-debuglink=program.debug program
            [ \(place) = program.debug ] || mv program.debug \(place)
            """)
        #expect(try program.name(of: "hidden") == "hidden")
        // One that was made from another program.
        try program.fixture.run("printf x >> \(place)")
        #expect(try program.name(of: "hidden") == nil)
        #expect(try program.name(of: "shown") == "shown")
    }

    /// In folders below `/usr/lib/debug`: there, a test may only write below a root of its own.
    @Test func debugFilesOfTheSystem() throws {
        let program = try Program()
        try program.fixture.run(
            """
            mkdir -p root/bin root/usr/lib/debug/bin; objcopy --only-keep-debug whole program.debug; strip program
            objcopy --add-gnu-debuglink=program.debug program; cp program root/bin/
            mv program.debug root/usr/lib/debug/bin/
            """)
        let root = program.fixture.path + "/root"
        #expect(
            try program.name(of: "hidden", in: program.open(root: root, path: "/bin/program")) == "hidden")

        try program.fixture.run(
            """
            id=$(readelf -n whole | sed -n 's/.*Build ID: //p')
            folder=root/usr/lib/debug/.build-id/$(echo $id | cut -c 1-2); mkdir -p $folder
            mv root/usr/lib/debug/bin/program.debug $folder/$(echo $id | cut -c 3-).debug
            objcopy --remove-section=.gnu_debuglink root/bin/program
            """)
        #expect(
            try program.name(of: "hidden", in: program.open(root: root, path: "/bin/program")) == "hidden")
        // Another file under that name, with a build-id that is not its name.
        try program.fixture.run(
            "gcc -Wl,--build-id=0x1234 -o other source.c; cp other root/usr/lib/debug/.build-id/*/*.debug")
        #expect(try program.name(of: "hidden", in: program.open(root: root, path: "/bin/program")) == nil)
    }

    /// As Fedora has it in all programs.
    @Test func theCompressedTable() throws {
        let program = try Program()
        try program.fixture.run(
            """
            objcopy --only-keep-debug whole mini; strip --strip-debug mini; xz mini; strip program
            objcopy --add-section .gnu_debugdata=mini.xz program
            """)
        #expect(try program.name(of: "hidden") == "hidden")
        #expect(try program.name(of: "shown") == "shown")
        // Cut short, and not compressed at all.
        try program.fixture.run(
            """
            strip whole -o bare; head -c 200 mini.xz > cut
            objcopy --add-section .gnu_debugdata=cut bare program
            """)
        #expect(try program.name(of: "hidden") == nil)
        try program.fixture.run("objcopy --add-section .gnu_debugdata=source.c bare program")
        #expect(try program.name(of: "hidden") == nil)
    }

    /// A small section may unpack to as much as it likes.
    @Test func aCompressedTableThatIsTooLarge() throws {
        let program = try Program()
        try program.fixture.run(
            """
            { cat whole; head -c 70000000 /dev/zero; } | xz -0 > large.xz; strip program
            objcopy --add-section .gnu_debugdata=large.xz program
            """)
        #expect(try program.name(of: "hidden") == nil)
        #expect(try program.name(of: "shown") == "shown")
    }

    /// Stubs have no symbols: objdump(1), which names them too, is the judge.
    @Test(arguments: ["-Wl,-z,lazy", "-Wl,-z,now", "-fcf-protection=full -Wl,-z,ibtplt", "-fno-plt"])
    func stubs(flags: String) throws {
        let program = try Program("-no-pie \(flags)")
        try program.fixture.run("strip program")
        let file = try program.open()
        let listing = try program.fixture.run("objdump -d whole | grep '@plt>:$' || true").split(
            separator: "\n")
        for line in listing {
            let fields = line.split(separator: " ")
            let start = try #require(UInt64(fields[0], radix: 16))
            let name = fields[1].dropFirst().dropLast(2)
            #expect(file.symbol(at: start)?.name == String(name))
            #expect(file.symbol(at: start + 5)?.name == String(name))
        }
        #expect(listing.count >= 3 || flags == "-fno-plt", "atoi, getenv, rand")
    }
}
