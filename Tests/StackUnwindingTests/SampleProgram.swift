// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// A small program that goes to sleep deep in its calls, compiled when a test asks for it.
struct SampleProgram {
    let source: String
    /// A compiler, and how it is to compile.
    let compiler: [String]
    let suffix: String

    static func c(_ source: String, _ flags: [String]) -> SampleProgram {
        SampleProgram(
            source: source, compiler: ["gcc", "-O2", "-fno-optimize-sibling-calls"] + flags, suffix: ".c")
    }

    /// With the compiler next to the run-time library that this test itself uses, and with the linker
    /// that places code at addresses which are no multiple of a page away from its place in the file.
    static func swift(_ source: String) throws -> SampleProgram {
        let library = "/usr/lib/swift/linux/libswiftCore.so"
        let maps = String(decoding: try contents(of: "/proc/self/maps"), as: UTF8.self)
        guard let line = maps.split(separator: "\n").first(where: { $0.hasSuffix(library) }),
            let start = line.firstIndex(of: "/")
        else { throw TestFailure("\(library) is not mapped") }
        let toolchain = line[start...].dropLast(library.count)
        return SampleProgram(
            source: source, compiler: ["\(toolchain)/usr/bin/swiftc", "-O", "-use-ld=lld"], suffix: ".swift")
    }

    /// Compiles and starts it, and waits until it sleeps.
    func start() throws -> ChildProcess {
        let program = try TemporaryFolder.shared.newFile()
        try write(source, to: program + suffix)
        _ = try ChildProcess.output(of: compiler + ["-o", program, program + suffix])
        let child = try ChildProcess([program])
        let nanosleep = 35
        let clockNanosleep = 230
        try child.waitUntilIn(systemCalls: [nanosleep, clockNanosleep])
        return child
    }

    /// Forty calls in turns through three functions, and a sleep.
    static let recursion = """
        #include <time.h>
        static volatile int one = 1;
        int customFunction1(int depth);
        int customFunction2(int depth);
        __attribute__((noipa)) static int rest(void)
        {
            struct timespec hour = { 3600 };
            return nanosleep(&hour, 0) + one;
        }
        __attribute__((noipa)) int customFunction3(int depth) { return depth ? customFunction1(depth - 1) + one : rest() + 1; }
        __attribute__((noipa)) int customFunction2(int depth) { return depth ? customFunction3(depth - 1) * one : rest() + 1; }
        __attribute__((noipa)) int customFunction1(int depth) { return depth ? customFunction2(depth - 1) - one : rest() + 1; }
        int main(void) { return customFunction1(40) + one; }
        """

    /// Calls through so many functions, each of which is on the stack once, and a sleep.
    static func chain(of count: Int) -> String {
        let functions = (1...count).map {
            "__attribute__((noipa)) static int f\($0)(void) { return f\($0 - 1)() + one; }"
        }
        return """
            #include <time.h>
            static volatile int one = 1;
            __attribute__((noipa)) static int f0(void)
            {
                struct timespec hour = { 3600 };
                return nanosleep(&hour, 0) + one;
            }
            \(functions.joined(separator: "\n"))
            int main(void) { return f\(count)() + one; }
            """
    }

    /// A handler that sleeps, on top of a function that a signal stops between two instructions.
    static let signal = """
        #include <signal.h>
        #include <sys/time.h>
        #include <time.h>
        static volatile int one = 1;
        __attribute__((noipa)) static void handler(int number)
        {
            struct timespec hour = { 3600 };
            nanosleep(&hour, 0);
            one = number;
        }
        __attribute__((noipa)) static int spin(int start) { for (;;) start += one; return start; }
        __attribute__((noipa)) static int caller(int start) { return spin(start + 1) + one; }
        int main(void)
        {
            struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
            signal(SIGALRM, handler);
            setitimer(ITIMER_REAL, &soon, 0);
            return caller(one) + one;
        }
        """

    /// A last call that never returns: the return address is behind the end of its function, which
    /// has a local and a weak name as well.
    static let noreturn = """
        #include <time.h>
        #include <unistd.h>
        __attribute__((noipa, noreturn)) void stop(void)
        {
            struct timespec hour = { 3600 };
            for (;;) nanosleep(&hour, 0);
        }
        __attribute__((noipa)) void endsWithACall(void) { stop(); }
        static void local(void) __attribute__((alias("endsWithACall"), used));
        void weak(void) __attribute__((weak, alias("endsWithACall")));
        __attribute__((noipa)) void follows(void) { asm volatile("" ::: "memory"); }
        int main(void) { endsWithACall(); follows(); }
        """

    /// The same through a function that has no unwind information, but a frame pointer, as hand-written
    /// and just-in-time code does.
    static let noUnwindInformation = """
        #include <time.h>
        #include <unistd.h>
        __attribute__((noipa, noreturn)) void stop(void)
        {
            struct timespec hour = { 3600 };
            for (;;) nanosleep(&hour, 0);
        }
        asm(".text\\n"
            ".globl withoutInformation\\n.type withoutInformation, @function\\n"
            "withoutInformation: push %rbp\\n mov %rsp, %rbp\\n call stop\\n"
            ".size withoutInformation, . - withoutInformation\\n");
        __attribute__((noreturn)) void withoutInformation(void);
        __attribute__((noipa)) void endsWithACall(void) { withoutInformation(); }
        __attribute__((noipa)) void follows(void) { asm volatile("" ::: "memory"); }
        int main(void) { endsWithACall(); follows(); }
        """

    /// A leaf that takes its return address off the stack, as vfork() does in the C library.
    static let returnAddressInRegister = """
        #include <time.h>
        asm(".text\\n"
            ".globl leaf\\n.type leaf, @function\\n"
            "leaf: .cfi_startproc\\n"
            " pop %r8\\n .cfi_adjust_cfa_offset -8\\n .cfi_register %rip, %r8\\n"
            " mov $35, %eax\\n xor %esi, %esi\\n syscall\\n"
            " push %r8\\n .cfi_adjust_cfa_offset 8\\n .cfi_rel_offset %rip, 0\\n ret\\n"
            " .cfi_endproc\\n.size leaf, . - leaf\\n");
        int leaf(const struct timespec *time);
        __attribute__((noipa)) static int caller(void)
        {
            struct timespec hour = { 3600 };
            return leaf(&hour) + 1;
        }
        int main(void) { return caller() + 1; }
        """

    /// A function whose information is too odd for our own reader, and which keeps no frame pointer.
    static let oddInformation = """
        #include <time.h>
        __attribute__((noipa)) int stop(void)
        {
            struct timespec hour = { 3600 };
            return nanosleep(&hour, 0);
        }
        asm(".text\\n"
            ".globl odd\\n.type odd, @function\\n"
            "odd: .cfi_startproc\\n push %rbx\\n .cfi_adjust_cfa_offset 8\\n .cfi_rel_offset %rbx, 0\\n"
            ".rept 70\\n .cfi_remember_state\\n .endr\\n"
            " xor %ebp, %ebp\\n call stop\\n pop %rbx\\n ret\\n .cfi_endproc\\n.size odd, . - odd\\n");
        int odd(void);
        __attribute__((noipa)) static int caller(void) { return odd() + 1; }
        int main(void) { return caller() + 1; }
        """

    static let swiftRecursion = """
        import Glibc
        nonisolated(unsafe) var one = 1
        struct Worker {
            @inline(never) func descend(_ depth: Int) throws -> Int {
                if depth == 0 { sleep(3600) }
                return try depth == 0 ? one : [depth].map { try descend($0 - 1) + one }[0] + one
            }
        }
        print(try Worker().descend(10))
        """
}

/// A folder for what a test run compiles; removed when it ends well.
final class TemporaryFolder: Sendable {
    static let shared = TemporaryFolder()

    let path: String
    private let count = Atomic(0)

    private init() {
        var template = Array("/tmp/variable-monitor-tests.XXXXXX".utf8CString)
        path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? "/tmp"
        atexit { unsafe system("rm -rf \(TemporaryFolder.shared.path)") }
    }

    /// A path in it that nothing has yet.
    func newFile() throws -> String {
        "\(path)/\(count.add(1, ordering: .relaxed).newValue)"
    }
}
