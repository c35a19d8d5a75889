// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import Symbolisation
import SystemPackage
import Testing

@testable import StackUnwinding

/// libunwind beside the rows, on stacks of many programs, and with its cache.
@Suite struct RefereeTests {
    /// Programs that are taken off their CPUs, and sampled, at any moment.
    private static let programs = """
        ls -R /usr/lib/python3 /usr/share/doc | sort -r | gzip -9 | sha256sum
        perl -e '$_ = join(",", map { $_ ** 2 } 1..20000); 1 while s/1(.*?)2/$1/' & python3 -c 'import json, sqlite3'
        gcc -O2 -x c -o /dev/null - <<< 'int main(void) { return 0; }'
        wait
        """

    @Test func rowsAndLibunwindAgreeOnAProfile() throws {
        let path = try TemporaryFolder.shared.newFile()
        _ = try ChildProcess.output(of: [
            "perf", "record", "-q", "-e", "context-switches", "-e", "cpu-clock", "-F", "1999",
            "--call-graph", "dwarf", "-o", path, "--", "bash", "-c", Self.programs,
        ])
        let files = ElfFileCache()
        var (same, early, frames) = (0, 0, 0)
        try PerfDataFile(FilePath(path)).forEachSample(
            where: { $0.registers != nil },
            makeSpace: { mappings in
                let image = ProcessImage(mappings: mappings, files: files)
                return (StackUnwinder(image: image), StackUnwinder(image: image, method: .libunwind))
            }
        ) { sample, unwinders in
            let ours = try #require(unwinders.0.stack(of: sample.task))
            let referee = try #require(unwinders.1.stack(of: sample.task))
            frames += ours.frames.count
            if referee.frames == ours.frames {
                same += 1
            } else {
                // At the end of a function, what it saved is below its stack, and not in the copy. libunwind
                // looks for it there all the same, when a caller needs it.
                #expect(referee.end == .unreadable)
                #expect(referee.frames == Array(ours.frames.prefix(referee.frames.count)))
                early += 1
            }
        }
        print("\(frames) frames; \(same) stacks are the same to libunwind, \(early) end earlier")
        #expect(same > 300 && frames > 3000)
        #expect(early * 100 < same)
    }

    /// One walk with files, and one without any: what that knows, it knows from the first. There are more
    /// rows than a cache has of which the size is not set.
    @Test func theCacheHoldsAWholeStack() throws {
        let child = try SampleProgram.c(SampleProgram.chain(of: 300), ["-fomit-frame-pointer"]).start()
        let (task, image) = try LiveCapture(pid: child.pid).captured()
        let registers = try #require(task.registers)
        func walk(_ space: borrowing UnwindSpace, _ image: ProcessImage) -> [Frame] {
            let target = UnwindTarget(
                registers: registers, stack: task.stack, image: image, beginsAtReturnAddress: false,
                isTruncated: false)
            var frames: [Frame] = []
            _ = space.walk(target, &frames, limit: StackUnwinder.framesMax)
            return frames
        }
        let nothing = ProcessImage(mappings: [], files: ElfFileCache())
        let space = UnwindSpace()
        #expect(walk(space, nothing).count == 1)
        let frames = walk(space, image)
        #expect(frames.count > 300)
        #expect(walk(space, nothing) == frames)
    }
}
