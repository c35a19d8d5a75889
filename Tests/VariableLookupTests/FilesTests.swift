// SPDX-License-Identifier: Apache-2.0
import ScratchFixtures
import Testing
import VariableLookup

/// In which file a variable lies, and through which files its name and type are found.
@Suite struct FilesTests {
    private static let library = """
        static int depth = 1;
        int shared_depth = 2;
        int own_depth = 3;
        int of_libraries = 4;
        double shared_load = 0.5;
        struct { char used; unsigned short free; } shared_pool = { 1, 2 };
        int *PLACE(void) { return &depth; }
        int *SHARED(void) { return &shared_depth; }
        """

    /// A program with a variable of its own, and two libraries that have the same names.
    private func subject(_ flags: String, after script: String = "true", run: String = "./program") throws
        -> Subject
    {
        let fixture = try Fixture()
        try fixture.write(sayingHeader, to: "say.h")
        try fixture.write(Self.library, to: "library.c")
        try fixture.write(
            """
            #include "say.h"
            extern double shared_load;
            extern struct pool { char used; unsigned short free; } shared_pool;
            extern int shared_depth, *first(void), *second(void), *first_shared(void);
            static short only_here = 3;
            int own_depth = 4;
            int main(void)
            {
                SAY("only_here", only_here);
                SAY("shared_depth", shared_depth);
                SAY("shared_load", shared_load);
                SAY("shared_pool.free", shared_pool.free);
                SAY("own_depth", own_depth);
                SAY("first", *first());
                SAY("second", *second());
                only_here++;
                wait_here();
            }
            """, to: "program.c")
        try fixture.run(
            """
            gcc \(flags) -fPIC -shared -DPLACE=first -DSHARED=first_shared -o libfirst.so library.c
            gcc \(flags) -fPIC -shared -DPLACE=second -DSHARED=second_shared -o 'libsecond one.so' library.c
            gcc \(flags) -o program program.c ./libfirst.so './libsecond one.so'
            \(script)
            """)
        return try Subject(fixture, run)
    }

    @Test(arguments: ["-g", "-g -no-pie"]) func staticsOfLibraries(flags: String) throws {
        let subject = try subject(flags)
        #expect(subject.find("only_here") == "only_here: int16")
        #expect(subject.find("shared_depth", inFile: "libfirst.so").hasSuffix(": int32"))
        #expect(subject.find("depth").contains("may be one of 2 variables"))
        #expect(subject.find("depth", inFile: "libfirst.so") == "first: int32")
        #expect(subject.find("depth", inFile: "libsecond one.so") == "second: int32")
        #expect(subject.find("depth", inFile: "\(subject.fixture.path)/libsecond one.so") == "second: int32")
        #expect(subject.find("depth", inFile: "first.so").contains("no variable"))
    }

    /// Of several of one name, the dynamic linker has all use the program's. That may be a copy of the
    /// library's, which alone describes its type.
    @Test(arguments: ["-g", "-g -no-pie"]) func theVariableThatIsUsed(flags: String) throws {
        let subject = try subject(flags)
        #expect(subject.find("shared_depth") == "shared_depth: int32")
        #expect(subject.find("own_depth") == "own_depth: int32")
        #expect(subject.find("shared_load") == "shared_load: double")
        #expect(subject.find("shared_pool.free") == "shared_pool.free: uint16")
    }

    /// Which library's is used depends on how each was linked and loaded.
    @Test func variablesThatSeveralLibrariesHave() throws {
        let subject = try subject("-g")
        #expect(subject.find("of_libraries").contains("may be one of 2 variables"))
        #expect(subject.find("of_libraries", inFile: "libfirst.so").hasSuffix(": int32"))
    }

    @Test func symbolsOfADebugFile() throws {
        let subject = try subject(
            "-g",
            after: """
                objcopy --only-keep-debug program program.debug
                strip --strip-all program
                objcopy --add-gnu-debuglink=program.debug program
                """)
        #expect(subject.find("only_here") == "only_here: int16")
    }

    @Test func withoutAnySymbol() throws {
        let subject = try subject("-g", after: "strip --strip-all program libfirst.so")
        #expect(subject.find("only_here").contains("none of its files has a symbol of that name"))
        // This one is also a name for the dynamic linker.
        #expect(subject.find("own_depth", inFile: "program") == "own_depth: int32")
    }

    @Test func ofAProgramThatWasRemoved() throws {
        let subject = try subject("-g")
        try subject.fixture.run("rm program; mv libfirst.so libgone.so; echo new > libfirst.so")
        #expect(subject.find("only_here") == "only_here: int16")
        #expect(subject.find("depth", inFile: "libgone.so") == "first: int32")
    }

    /// As in a container: the paths are of another root.
    @Test func belowAnotherRoot() throws {
        let subject = try subject(
            "-g",
            after: """
                mkdir -p root/lib root/lib64 root/dev root/proc
                ldd program | grep -o '[[:space:]]/[^ ]*\\.so[^ ]*' | xargs -I{} cp --parents {} root
                cp program libfirst.so 'libsecond one.so' root
                rm program libfirst.so
                """, run: "chroot root /program")
        #expect(subject.find("only_here") == "only_here: int16")
        #expect(subject.find("depth", inFile: "libfirst.so") == "first: int32")
    }

    @Test func whatIsNoProcess() throws {
        let subject = try subject("-g")
        try subject.fixture.run(
            "kill -9 \(subject.process.pid); while kill -0 \(subject.process.pid); do sleep 0.01; done 2>&1")
        #expect(subject.find("only_here").contains("is gone"))
    }
}
