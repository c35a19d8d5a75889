// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Glibc
import Testing

@testable import PerfData

/// Files made by hand, for what cannot be recorded at will.
@Suite struct PerfDataFileTests {
    private func samples(_ fill: (inout PerfFileWriter) -> Void) throws -> [Seen] {
        var writer = PerfFileWriter()
        fill(&writer)
        let file = try ScratchFile(writer.file()).open()
        let samples = try file.samples()
        #expect(file.damages.first == [])
        return samples
    }

    /// perf writes the buffer of one CPU after the other.
    @Test func recordsAreTakenInTheOrderOfTime() throws {
        let seen = try samples {
            $0.sample(30, pid: 5)
            $0.name(20, pid: 5, tid: 5, "second")
            $0.sample(10, pid: 5)
            $0.name(5, pid: 5, tid: 5, "first")
        }
        #expect(seen.map(\.sample.task.header.time) == [10, 30])
        #expect(seen.map(\.sample.task.comm.string) == ["first", "second"])
    }

    /// With an address in front of it, an event's id is as far behind a sample's header as it can be.
    @Test func samplesBelongToTheirEvents() throws {
        let seen = try samples {
            $0.eventIDs = [[10, 11], [12]]
            $0.sampleType |= PerfFileWriter.addressBit | PerfFileWriter.idBit
            $0.name(1, pid: 5, tid: 5, "both")
            $0.sample(3, pid: 5, stack: [UInt8](repeating: 0, count: 60_000), eventID: 11)
            $0.sample(2, pid: 5, stack: [UInt8](repeating: 0, count: 60_000), eventID: 12)
        }
        #expect(seen.map(\.sample.event.name) == ["1:0x4", "1:0x3"])
        #expect(seen.map(\.sample.task.comm.string) == ["both", "both"])
    }

    /// As perf calls it; of other tasks without a record nobody knows the name.
    @Test func theIdleTaskHasAName() throws {
        let seen = try samples {
            $0.sample(1, pid: 0, chain: [0xffff_ffff_8100_0000], abi: 0)
            $0.sample(2, pid: 5)
        }
        #expect(seen.map(\.sample.task.comm.string) == ["swapper", ""])
    }

    @Test func aChildHasItsParentsMappingsUntilItExecutes() throws {
        let seen = try samples {
            $0.name(1, pid: 5, tid: 5, "sh")
            $0.map(2, pid: 5, 0x1000..<0x2000, "/bin/sh")
            $0.fork(3, pid: 6, parent: 5)
            $0.sample(4, pid: 6)
            $0.name(5, pid: 6, tid: 6, "ls", isExec: true)
            $0.map(6, pid: 6, 0x3000..<0x4000, "/bin/ls")
            $0.sample(7, pid: 6)
            $0.sample(8, pid: 5)
        }
        #expect(seen.map { $0.mappings.map(\.path) } == [["/bin/sh"], ["/bin/ls"], ["/bin/sh"]])
        #expect(seen.map(\.sample.task.comm.string) == ["sh", "ls", "sh"])
    }

    /// perf makes forks up for processes that were there before, whose mappings follow.
    @Test func aForkThatPerfMadeUpCopiesNoMappings() throws {
        let seen = try samples {
            $0.map(1, pid: 5, 0x1000..<0x2000, "/bin/sh")
            $0.fork(2, pid: 6, parent: 5, flags: 1 << 13)
            $0.sample(3, pid: 6)
        }
        #expect(seen.first?.mappings.isEmpty == true)
    }

    /// An exiting task is switched away once more after the record of its exit.
    @Test func aSampleAfterTheExitHasMappings() throws {
        let seen = try samples {
            $0.map(1, pid: 5, 0x1000..<0x2000, "/bin/sh")
            $0.exit(2, pid: 5)
            $0.sample(3, pid: 5)
        }
        #expect(seen.first?.mappings.map(\.path) == ["/bin/sh"])
    }

    @Test func aLaterMappingReplacesWhatItCovers() throws {
        let seen = try samples {
            $0.map(1, pid: 5, 0x1000..<0x5000, "/old")
            $0.map(2, pid: 5, 0x2000..<0x3000, "/new")
            $0.map(3, pid: 5, 0x4000..<0x6000, "/data", flags: 2 | 1 << 13)
            $0.sample(4, pid: 5)
        }
        #expect(seen.first?.mappings.map(\.path) == ["/old", "/new", "/old"])
        #expect(
            seen.first?.mappings.map(\.addresses) == [0x1000..<0x2000, 0x2000..<0x3000, 0x3000..<0x4000])
    }

    /// What readers make of mappings is worth keeping.
    @Test func aSpaceServesAsLongAsMappingsDoNotChange() throws {
        var writer = PerfFileWriter()
        writer.map(1, pid: 5, 0x1000..<0x2000, "/a")
        writer.sample(2, pid: 5)
        writer.fork(3, pid: 6, parent: 5)
        writer.sample(4, pid: 6)
        writer.map(5, pid: 6, 0x3000..<0x4000, "/b")
        writer.sample(6, pid: 6)
        writer.sample(7, pid: 5)
        writer.map(8, pid: 6, 0x5000..<0x6000, "/c")
        writer.sample(9, pid: 6)
        var made = 0
        var spaces: [Int] = []
        try ScratchFile(writer.file()).open().forEachSample(
            where: { _ in true },
            makeSpace: { _ in
                made += 1
                return made
            }
        ) { spaces.append($1) }
        #expect(spaces == [1, 1, 2, 1, 3])
    }

    @Test func onlyTheKernelsPartOfACallChainIsKernelFrames() throws {
        let (kernel, user) = (UInt64(bitPattern: -128), UInt64(bitPattern: -512))
        let seen = try samples {
            $0.sample(1, pid: 5, chain: [kernel, 0xffff_ffff_8100_0000, 0xffff_ffff_8100_1000, user, 0x1234])
            $0.sample(2, pid: 5, chain: [user, 0x1234])
        }
        #expect(
            seen.map(\.sample.task.kernelFrames) == [[0xffff_ffff_8100_0000, 0xffff_ffff_8100_1000], []])
    }

    @Test func registersAndStackBecomeATask() throws {
        let seen = try samples {
            $0.sample(1, pid: 5, stack: Array(0..<16), used: 8)
            $0.sample(2, pid: 5, abi: 1)
            $0.sample(3, pid: 5, abi: 0)
        }
        let tasks = seen.map(\.sample.task)
        #expect(tasks[0].registers?.rip == 0x1234)
        #expect(tasks[0].registers?.rbp == 0xb0)
        #expect(tasks[0].stack.start == 0x7000)
        #expect(Array(tasks[0].stack.bytes) == Array(0..<8))
        #expect(tasks[0].flags == [.registers, .onCPU])
        #expect(tasks[1].flags.contains(.is32Bit))
        #expect(tasks[2].flags.contains(.kernelThread) && tasks[2].registers == nil)
        #expect(seen[0].sample.event.period == 7)
    }

    @Test func aCopyThatIsFullSaysSo() throws {
        let seen = try samples { $0.sample(1, pid: 5, stack: Array(0..<16)) }
        #expect(seen.first?.sample.task.flags.contains(.userTruncated) == true)
    }

    @Test func theNamesOfTheHostAndOfEventsAreRead() throws {
        var writer = PerfFileWriter()
        writer.sample(1, pid: 5)
        let attribute = [UInt8](repeating: 0, count: 128)
        writer.features = [
            (3, PerfFileWriter.text("host")), (4, PerfFileWriter.text("6.1.0")),
            (6, PerfFileWriter.text("x86_64")),
            (
                12,
                bytes(UInt32(1)) + bytes(UInt32(128)) + attribute + bytes(UInt32(0))
                    + PerfFileWriter.text("cpu-clock")
            ),
        ]
        let file = try ScratchFile(writer.file()).open()
        #expect(file.host == Host(name: "host", release: "6.1.0", architecture: "x86_64"))
        #expect(try file.samples().first?.sample.event.name == "cpu-clock")
    }

    @Test func buildIDsAreThoseOfTheTable() throws {
        var writer = PerfFileWriter()
        writer.map(1, pid: 5, 0x1000..<0x2000, "/bin/sh")
        writer.sample(2, pid: 5)
        let buildID = [UInt8](1...20)
        let entry = bytes(UInt32(5)) + buildID + [8, 0, 0, 0] + Array("/bin/sh\0".utf8)
        writer.features = [
            (2, bytes(UInt32(0)) + bytes(UInt16(2 | 1 << 15)) + bytes(UInt16(8 + entry.count)) + entry)
        ]
        var found: [[UInt8]] = []
        try ScratchFile(writer.file()).open().forEachSample(
            where: { _ in true }, makeSpace: { $0.map(\.buildID) }
        ) { found = $1 }
        #expect(found == [[1, 2, 3, 4, 5, 6, 7, 8]])
    }

    @Test(arguments: [true, false]) func mappingsTellTheirProcessOnThisMachineOnly(_ isThisOne: Bool) throws {
        var names = utsname()
        unsafe uname(&names)
        let own = unsafe withUnsafeBytes(of: &names.nodename) { unsafe Array($0.prefix { $0 != 0 }) }
        let name = isThisOne ? own : own + Array("2".utf8)
        var writer = PerfFileWriter()
        writer.map(1, pid: 5, 0x1000..<0x3000, "//anon")
        writer.map(2, pid: 5, 0x2000..<0x3000, "/b")
        writer.fork(3, pid: 6, parent: 5)
        writer.sample(4, pid: 6)
        writer.features = [(3, bytes(UInt32(name.count + 1)) + name + [0])]
        var found: [UInt32?] = []
        try ScratchFile(writer.file()).open().forEachSample(
            where: { _ in true }, makeSpace: { $0.map(\.mapper) }
        ) { found = $1 }
        #expect(found == [isThisOne ? 5 : nil, isThisOne ? 5 : nil])
    }
}
