// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What gdb says about a live process: the judge of our own unwinding.
enum Debugger {
    struct Frame {
        let address: UInt64
        let name: String?
    }

    /// - Parameter thread: of the process; nil for its first one.
    static func frames(of pid: pid_t, thread: pid_t? = nil) throws -> [Frame] {
        let script = """
            for thread in gdb.selected_inferior().threads():
                if thread.ptid[1] == \(thread ?? pid):
                    thread.switch()
            frame = gdb.newest_frame()
            while frame:
                if frame.type() != gdb.INLINE_FRAME:
                    print("FRAME %x %s" % (frame.pc(), frame.name()))
                frame = frame.older()
            """
        let path = try TemporaryFolder.shared.newFile() + ".py"
        try write(script, to: path)
        let output = try ChildProcess.output(of: [
            "gdb", "-nx", "-batch", "-p", String(pid), "-ex", "set backtrace past-main on",
            "-ex", "set backtrace past-entry on", "-x", path,
        ])
        let lines = output.split(separator: "\n").filter { $0.hasPrefix("FRAME ") }
        let frames = lines.map { line in
            let fields = line.split(separator: " ").map(String.init)
            return Frame(address: UInt64(fields[1], radix: 16)!, name: fields[2] == "None" ? nil : fields[2])
        }
        guard !frames.isEmpty else { throw TestFailure("gdb shows no frames: \(output)") }
        return frames
    }
}
