// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Testing

@testable import DumpRecords

/// What the module writes comes out as it went in, assembled into dumps.
@Suite struct RecordingTests {
    private func recording(_ bytes: [UInt8]) -> Recording {
        var recording = Recording()
        recording.append(bytes)
        return recording
    }

    @Test func everyRecordOfADump() throws {
        let recording = recording(SampleDump.bytes)
        #expect(recording.damages == [])
        #expect(recording.gaps == [])
        #expect(recording.lastSequence == UInt64(SampleDump.recordCount))
        #expect(recording.dumps.count == 1)
        let dump = try #require(recording.dumps.first)
        #expect(dump.begin?.realtime == 1_701_141_698_684_973_655)
        #expect(dump.begin?.reasons == .hit)
        #expect(dump.begin?.header.cpu == 1)
        #expect(dump.end?.tasksCaptured == 1)

        let hit = try #require(dump.hits.first)
        #expect(hit.name == RawText("temp"))
        #expect(hit.runningComm == RawText("sixteen bytes ok"))
        #expect(Int64(bitPattern: hit.value) == -3)
        #expect(hit.comparison == .less && hit.kind == .signed)
        #expect(hit.condition?.ticks == 3)
        #expect(dump.histories.first?.samples.count == 2)
        #expect([hit.tickTime, hit.tickRealtime, hit.runningAddress] == [11, 12, 13])
        #expect([hit.runningPID, hit.tickCPU, hit.pid] == [14, 3, 42])
        #expect(hit.mutedTicks == 17)

        let hang = try #require(dump.hangs.first)
        #expect([hang.pid, hang.tgid] == [45, 44])
        #expect(hang.startTime == 31)
        #expect(hang.comm == RawText("stuck"))

        let task = try #require(dump.tasks.first)
        #expect([task.pid, task.tgid] == [43, 42])
        #expect(task.comm == RawText("worker"))
        #expect(task.flags == [.registers, .hit])
        #expect(task.state == UInt8(ascii: "D"))
        let registers = try #require(task.registers)
        #expect([registers.rip, registers.rsp] == [0x7f00_0000_1234, 0x7ffc_0000_0ff8])
        #expect(
            [registers.eflags, registers.cs, registers.ss, registers.origRax] == [0x246, 0x33, 0x2b, 230])
        #expect(task.kernelFrames == SampleDump.kernelFrames)
        #expect(Array(task.stack.bytes) == SampleDump.stack)
        #expect(task.cgroup == RawText("/user.slice"))

        let space = try #require(dump.addressSpaces[1])
        #expect(space.mappings.map(\.path) == [RawText("/usr/bin/a b"), RawText("")])
        #expect(space.mappings.map(\.buildID) == [[1, 2, 3, 4], [1, 2, 3, 4]])
        #expect(space.mappings.first?.addresses == 0x40_0000..<0x40_1000)

        #expect(
            dump.processes[42]?.arguments == [
                RawText("./userstack"), RawText("-x"), RawText(""), RawText("y"),
            ])
        #expect(recording.losses.map(\.sequences) == [100...101])
        #expect(recording.watchEnds.map(\.reason) == [.exited])
    }

    @Test func registersAreNilUnlessValid() {
        var task = SampleDump.task
        task.flags = 0
        var writer = RecordWriter()
        writer.task(task)
        #expect(recording(writer.bytes).dumps.first?.tasks.first?.registers == nil)
    }

    @Test func unknownTypesAreSkippedWithoutDamage() {
        var writer = RecordWriter()
        writer.begin()
        writer.append(type: 999, vmon_lost())
        writer.end()
        let recording = recording(writer.bytes)
        #expect(recording.damages == [])
        #expect(recording.gaps == [])
        #expect(recording.dumps.first?.end != nil)
    }

    @Test func mappingsOfSeveralRecordsAreOneList() {
        var writer = RecordWriter()
        for start: UInt64 in [0x1000, 0x3000] {
            var mapping = SampleDump.mapping
            mapping.start = start
            mapping.end = start + 0x1000
            writer.mappings(
                addressSpace: 4, flags: start == 0x3000 ? VMON_MAPPINGS_TRUNCATED.rawValue : 0,
                [(mapping, path: [])])
        }
        let space = recording(writer.bytes).dumps.first?.addressSpaces[4]
        #expect(space?.mappings.map(\.addresses.lowerBound) == [0x1000, 0x3000])
        #expect(space?.isTruncated == true)
        #expect(space?.isBusy == false)
    }

    @Test func recordsOfOneDumpMayComeInParts() {
        var writer = RecordWriter()
        writer.begin()
        writer.task(SampleDump.task)
        let first = writer.bytes
        writer.end()

        var recording = Recording()
        recording.append(first)
        #expect(recording.unfinishedDump?.id == 1)
        #expect(recording.finishedDumps.isEmpty)
        #expect(recording.lastFinishedSequence == 0)
        recording.append(Array(writer.bytes[first.count...]))
        #expect(recording.unfinishedDump == nil)
        #expect(recording.finishedDumps.count == 1)
        #expect(recording.lastFinishedSequence == 3)
    }

    /// What is before an unfinished dump may be released, the dump itself may not.
    @Test func anUnfinishedDumpIsNotReleased() {
        var writer = RecordWriter()
        writer.begin()
        writer.end()
        writer.dumpID = 2
        writer.begin()
        writer.task(SampleDump.task)
        let recording = recording(writer.bytes)
        #expect(recording.unfinishedDump?.id == 2)
        #expect(recording.finishedDumps.map(\.id) == [1])
        #expect(recording.lastFinishedSequence == 2)
    }

    /// Dumps are written one after the other, so one that lost its end is over when the next begins.
    @Test func aDumpWithoutEndIsOverWhenAnotherBegins() {
        var writer = RecordWriter()
        writer.begin()
        writer.dumpID = 2
        writer.begin()
        writer.end()
        #expect(recording(writer.bytes).finishedDumps.map(\.id) == [1, 2])
    }

    @Test func gapsInTheNumbersAreNoticed() {
        var writer = RecordWriter()
        writer.begin()
        writer.sequence = 5
        writer.end()
        #expect(recording(writer.bytes).gaps == [2...4])
    }

    @Test func aLossExplainsItsGap() {
        var writer = RecordWriter()
        writer.begin()
        writer.sequence = 102
        writer.append(
            VMON_RECORD_LOST,
            {
                var lost = SampleDump.lost
                lost.first_sequence = 2
                return lost
            }())
        let recording = recording(writer.bytes)
        #expect(recording.gaps == [])
        #expect(recording.losses.map(\.count) == [2])
    }

    @Test func chainsGoUpToTheFirstProcess() {
        var writer = RecordWriter()
        writer.process(pid: 42, parent: 7, comm: "c", commandLine: [])
        writer.process(pid: 7, parent: 1, comm: "b", commandLine: [])
        writer.process(pid: 1, parent: 0, comm: "a", commandLine: [])
        let dump = recording(writer.bytes).dumps.first
        #expect(dump?.chain(of: 42).map(\.pid) == [42, 7, 1])
        #expect(dump?.chain(of: 9).map(\.pid) == [])
    }

    /// Damaged records may say that two processes are each other's parents.
    @Test func chainsInCirclesEnd() {
        var writer = RecordWriter()
        writer.process(pid: 1, parent: 2, comm: "", commandLine: [])
        writer.process(pid: 2, parent: 1, comm: "", commandLine: [])
        #expect(recording(writer.bytes).dumps.first?.chain(of: 1).count == Int(VMON_PARENTS_MAX) + 1)
    }
}
