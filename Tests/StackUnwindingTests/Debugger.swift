// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What gdb says about a live process: the judge of our own unwinding.
enum Debugger {
    struct Frame {
        let address: UInt64
        let name: String?
        /// Where the symbol that holds the call begins, and what it is called; it may have other names.
        let symbol: (start: UInt64, name: String)?
    }

    /// - Parameter thread: of the process; nil for its first one.
    static func frames(of pid: pid_t, thread: pid_t? = nil) throws -> [Frame] {
        // What was stopped is where it is; a caller is in the instruction before.
        let script = """
            import re
            for thread in gdb.selected_inferior().threads():
                if thread.ptid[1] == \(thread ?? pid):
                    thread.switch()
            frame = gdb.newest_frame()
            before = 0
            while frame:
                if frame.type() != gdb.INLINE_FRAME:
                    at = frame.pc() - (0 if frame.type() == gdb.SIGTRAMP_FRAME else before)
                    text = gdb.execute("info symbol %d" % (at % 2**64), to_string=True)
                    symbol = re.match(r"(.*?)(?: \\+ (\\d+))? in section", text)
                    start = symbol and at - int(symbol[2] or 0)
                    print("FRAME", frame.pc(), frame.name(), start, symbol and symbol[1], sep="\\t")
                    before = 0 if frame.type() == gdb.SIGTRAMP_FRAME else 1
                frame = frame.older()
            """
        let path = try TemporaryFolder.shared.newFile() + ".py"
        try write(script, to: path)
        // The path of the program may lead to another file, or to none.
        let program = try TemporaryFolder.shared.newFile()
        _ = try ChildProcess.output(of: ["cp", "/proc/\(pid)/exe", program])
        let output = try ChildProcess.output(of: [
            "gdb", "-nx", "-batch", program, "-p", String(pid), "-ex", "set backtrace past-main on", "-ex",
            "set backtrace past-entry on", "-x", path,
        ])
        let frames = output.split(separator: "\n").filter { $0.hasPrefix("FRAME\t") }.map(Frame.init)
        guard !frames.isEmpty else { throw TestFailure("gdb shows no frames: \(output)") }
        return frames
    }
}

extension Debugger.Frame {
    /// `FRAME`, address, name, start and name of the symbol, each of these perhaps `None`.
    fileprivate init(_ line: Substring) {
        let fields = line.split(separator: "\t").map(String.init)
        address = UInt64(fields[1])!
        name = fields[2] == "None" ? nil : fields[2]
        symbol = UInt64(fields[3]).map { (start: $0, name: fields[4]) }
    }
}
