// SPDX-License-Identifier: Apache-2.0
import ScratchFixtures
import Testing
import VariableLookup

/// Variables of running programs of several languages, judged by the addresses that the programs print themselves.
@Suite struct LookupTests {
    private static let c = """
        #include "say.h"
        #include <stdbool.h>
        typedef unsigned short depth_t;
        enum level { LOW, HIGH = 5 };
        union either { int number; double real; };
        struct slot { char tag; depth_t depth; unsigned bits : 3; };
        struct pool {
            int free;
            union { long total; float ratio; };
            struct slot slots[4];
            struct slot *next;
            union either either;
        };
        int queue_depth = 5;
        static volatile signed char small = -3;
        static unsigned char byte_count;
        const volatile unsigned long long limit = 7;
        bool is_full;
        enum level level = HIGH;
        float load;
        double mean;
        long double wide;
        struct pool pool;
        static int grid[3][5];
        depth_t depths[6];
        _Atomic int counter;
        __thread int per_thread;
        static int *count(void) { static int calls = 1; calls++; return &calls; }
        int main(void)
        {
            pool.next = pool.slots;
            SAY("queue_depth", queue_depth);
            SAY("small", small);
            SAY("byte_count", byte_count);
            SAY("limit", limit);
            SAY("is_full", is_full);
            SAY("level", level);
            SAY("load", load);
            SAY("mean", mean);
            SAY("pool.free", pool.free);
            SAY("pool.total", pool.total);
            SAY("pool.slots[2].depth", pool.slots[2].depth);
            SAY("pool.next", pool.next);
            SAY("pool.either.real", pool.either.real);
            SAY("grid[0][0]", grid);
            SAY("grid[2][4]", grid[2][4]);
            SAY("depths[0]", depths);
            SAY("depths[5]", depths[5]);
            SAY("counter", counter);
            SAY("calls", *count());
            per_thread++;
            byte_count++;
            wide++;
            wait_here();
        }
        """

    private func subject(_ source: String, as name: String, _ script: String) throws -> Subject {
        let fixture = try Fixture()
        try fixture.write(sayingHeader, to: "say.h")
        try fixture.write(source, to: name)
        try fixture.run(script)
        return try Subject(fixture)
    }

    /// With debugging information in several forms, in programs at fixed and at random addresses.
    @Test(arguments: [
        "-g", "-gdwarf-4 -no-pie", "-g -gsplit-dwarf", "-g -O2 -static", "-g3 -O2 -static-pie", "-g -gz",
    ])
    func everyTypeOfC(flags: String) throws {
        let subject = try subject(Self.c, as: "program.c", "gcc \(flags) -o program program.c")
        for (name, type) in [
            ("queue_depth", "int32"), ("small", "int8"), ("byte_count", "uint8"), ("limit", "uint64"),
            ("is_full", "uint8"), ("level", "uint32"), ("load", "float"), ("mean", "double"),
            ("pool.free", "int32"),
            ("pool.total", "int64"), ("pool.slots[2].depth", "uint16"), ("pool.next", "uint64"),
            ("pool.either.real", "double"), ("grid[2][4]", "int32"), ("depths[5]", "uint16"),
            ("counter", "int32"),
            ("calls", "int32"),
        ] {
            #expect(subject.find(name).contains(name))
            #expect(subject.find(name).hasSuffix(": \(type)"), "\(name)")
        }
        #expect(subject.find("level", type: ScalarType("int8")) == "level: int8")
        #expect(subject.find("depths[0]", type: ScalarType("int64")) == "depths[0]: int64")
    }

    @Test func whatCannotBeWatched() throws {
        let subject = try subject(Self.c, as: "program.c", "gcc -g -o program program.c")
        for (name, reason) in [
            ("none", "has no variable none"), ("per_thread", "is thread-local"),
            ("main", "has no variable main"),
            ("pool", "it is a pool: name a field, one of free, slots, next, either"),
            ("pool.none", "pool has no field none"), ("pool.slots", "it is an array"),
            ("pool.slots[4].depth", "[4] is behind the end: the array has 4 elements"),
            ("pool.slots[0].bits", "bit-field"), ("pool.next.depth", "what it points to may change"),
            ("pool.next[0]", "what it points to may change"), ("queue_depth.low", "int has no fields"),
            ("queue_depth[0]", "int is no array"), ("grid[1]", "it is an array"),
            ("grid[1][5]", "is behind the end"),
            ("wide", "none that can be watched"), ("pool.either", "it is a either"),
            ("pool.[2]", "no variable"),
            ("depths[5]x", "no variable"), ("", "bytes"),
            ("depths[18446744073709551615]", "is behind the end"),
        ] {
            #expect(subject.find(name).contains(reason), "\(name)")
        }
        #expect(
            subject.find("byte_count", type: ScalarType("int32")).contains("does not lie within its 1 bytes"))
        #expect(
            subject.find("depths[5]", type: ScalarType("int32")).contains("does not lie within its 12 bytes"))
    }

    @Test func withoutDebugInformationTheSizeTellsTheWidth() throws {
        let subject = try subject(Self.c, as: "program.c", "gcc -o program program.c")
        for (name, type) in [
            ("queue_depth", "int32"), ("small", "int8"), ("byte_count", "int8"), ("limit", "int64"),
            ("calls", "int32"),
        ] {
            #expect(subject.find(name) == "\(name): \(type)")
        }
        #expect(subject.find("load", type: ScalarType("float")) == "load: float")
        #expect(subject.find("depths[5]", type: ScalarType("uint16")) == "depths[5]: uint16")
        #expect(subject.find("depths[6]", type: ScalarType("uint16")).contains("behind its end"))
        #expect(subject.find("depths[5]").contains("give the type of its elements"))
        #expect(subject.find("depths").contains("it has 12 bytes, so it is no single number"))
        #expect(subject.find("pool.free", type: ScalarType("int32")).contains("its fields are not known"))
        #expect(subject.find("per_thread").contains("is thread-local"))
    }

    private static let cxx = """
        #include "say.h"
        #include <atomic>
        namespace net {
        int depth = 1;
        namespace { unsigned hidden = 2; }
        struct Base { short retries = 0; };
        struct Pool : Base {
            std::atomic<unsigned long> free{3};
            static unsigned char open;
            int list[2] = {};
        };
        unsigned char Pool::open = 4;
        Pool pool;
        template <class T> struct Cache { static T hits; };
        template <class T> T Cache<T>::hits = 5;
        unsigned *use() { return &++hidden, &hidden; }
        }
        namespace disk { int depth = 6; int queue = 1; }
        enum class Mode : signed char { on = 1 };
        Mode mode = Mode::on;
        std::atomic<bool> ready;
        std::atomic<int> counter{7};
        thread_local int mine;
        static int *count(int) { static int calls = 8; return &++calls, &calls; }
        int main()
        {
            SAY("net::depth", net::depth);
            SAY("disk::depth", disk::depth);
            SAY("disk::queue", disk::queue);
            SAY("hidden", *net::use());
            SAY("retries", net::pool.retries);
            SAY("free", net::pool.free);
            SAY("list[1]", net::pool.list[1]);
            SAY("open", net::Pool::open);
            SAY("hits", net::Cache<short>::hits);
            SAY("mode", mode);
            SAY("ready", ready);
            SAY("counter", counter);
            SAY("calls", *count(1));
            mine++;
            wait_here();
        }
        """

    @Test(arguments: ["g++", "clang++", "g++ -O2 -fdebug-types-section"])
    func namesOfCxx(compiler: String) throws {
        let subject = try subject(Self.cxx, as: "program.cc", "\(compiler) -g -o program program.cc")
        #expect(subject.find("net::depth") == "net::depth: int32")
        #expect(subject.find("_ZN4disk5depthE") == "disk::depth: int32")
        #expect(subject.find("queue") == "disk::queue: int32")
        #expect(subject.find("hidden") == "hidden: uint32")
        #expect(subject.find("net::(anonymous)::hidden") == "hidden: uint32")
        #expect(subject.find("net::pool.retries") == "retries: int16")
        #expect(subject.find("pool.free") == "free: uint64")
        #expect(subject.find("net::pool.list[1]") == "list[1]: int32")
        #expect(subject.find("Pool::open") == "open: uint8")
        #expect(subject.find("net::Cache<short>::hits") == "hits: int16")
        #expect(subject.find("mode") == "mode: int8")
        #expect(subject.find("ready") == "ready: uint8")
        #expect(subject.find("counter") == "counter: int32")
        #expect(subject.find("calls") == "calls: int32")
        #expect(subject.find("mine").contains("thread-local"))
        let ambiguous = subject.find("depth")
        #expect(ambiguous.contains("depth may be one of 2 variables:"))
        #expect(ambiguous.contains("net::depth in \(subject.fixture.path)/program at 0x"))
        #expect(ambiguous.contains("disk::depth in \(subject.fixture.path)/program at 0x"))
        // Neither half of a part of a name.
        #expect(subject.find("epth").contains("no variable"))
    }

    private static let swift = """
        import Glibc
        struct Pool { var free: Int32 = 3; var used: UInt16 = 4 }
        nonisolated(unsafe) var queueDepth = 0
        nonisolated(unsafe) private var hidden: UInt8 = 1
        nonisolated(unsafe) var load: Float = 0.5
        nonisolated(unsafe) var isFull = false
        nonisolated(unsafe) var pool = Pool()
        nonisolated(unsafe) var name = "none"
        enum Stats { nonisolated(unsafe) static var depth: UInt32 = 7 }
        @inline(never) func say<T>(_ name: String, _ variable: inout T) {
            withUnsafePointer(to: &variable) { print(name, $0) }
        }
        say("queueDepth", &queueDepth)
        say("hidden", &hidden)
        say("load", &load)
        say("isFull", &isFull)
        say("pool", &pool)
        say("name", &name)
        say("depth", &Stats.depth)
        print("end")
        fflush(stdout)
        while true { pause() }
        """

    /// A symbol of Swift tells the variable's type.
    @Test(arguments: ["-g", "-Onone", "-O"])
    func namesAndTypesOfSwift(flags: String) throws {
        let subject = try subject(
            Self.swift, as: "service.swift", "swiftc \(flags) -module-name service -o program service.swift")
        #expect(subject.find("queueDepth") == "queueDepth: int64")
        #expect(subject.find("service.queueDepth") == "queueDepth: int64")
        #expect(subject.find("hidden") == "hidden: uint8")
        #expect(subject.find("load") == "load: float")
        #expect(subject.find("isFull") == "isFull: uint8")
        #expect(subject.find("Stats.depth") == "depth: uint32")
        #expect(subject.find("service.Stats.depth") == "depth: uint32")
        #expect(
            subject.find("pool.free").contains(
                flags == "-g" ? "tells no fields of Pool" : "fields are not known"))
        #expect(subject.find("name").contains(flags == "-g" ? "it is a String" : "no single number"))
    }

    private static let rust = """
        use std::sync::atomic::{AtomicI16, Ordering};
        mod net { pub static mut DEPTH: u32 = 7; }
        static RETRIES: AtomicI16 = AtomicI16::new(3);
        fn main() {
            RETRIES.fetch_add(1, Ordering::Relaxed);
            unsafe { net::DEPTH += 1; }
            println!("DEPTH {:p}", std::ptr::addr_of!(net::DEPTH));
            println!("RETRIES {:p}", std::ptr::addr_of!(RETRIES));
            println!("end");
            loop { std::thread::park(); }
        }
        """

    @Test(arguments: ["-C symbol-mangling-version=v0", ""]) func namesOfRust(flags: String) throws {
        let subject = try subject(Self.rust, as: "program.rs", "rustc -g \(flags) -o program program.rs")
        #expect(subject.find("program::net::DEPTH") == "DEPTH: uint32")
        #expect(subject.find("net::DEPTH") == "DEPTH: uint32")
        #expect(subject.find("RETRIES") == "RETRIES: int16")
    }
}
