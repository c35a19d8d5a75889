// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import Symbolisation
import SystemPackage

/// A file that `perf record --call-graph dwarf` wrote, on this machine or on another.
///
/// It is never in memory as a whole: it is read through once for the times of its records, and once
/// more record by record in the order of these times.
public final class PerfDataFile {
    public let host: Host
    /// Build-id of the kernel that ran; nil if it is not told.
    public let kernelBuildID: [UInt8]?
    /// Nil if it is not told.
    public let kernelReference: KernelReference?
    /// Samples and other records for which perf had no room.
    public let lost: UInt64
    /// What was wrong with the records read so far.
    public private(set) var damages: PerfDamages

    /// How much of the records the last ``forEachSample(where:makeSpace:_:)`` has read, from 0 to 1.
    public var shareRead: Double {
        index.entries.isEmpty ? 1 : Double(recordsRead) / Double(index.entries.count)
    }

    private var recordsRead = 0
    private let isOfThisMachine: Bool
    private let file: InputFile
    private let events: EventTable
    private let buildIDs: BuildIDs
    private let index: RecordIndex

    public init(_ path: FilePath) throws(PerfDataError) {
        file = try InputFile(path)
        var header = try FileHeader(file)
        index = try RecordIndex(file, &header)
        host = header.host
        isOfThisMachine = header.host.isThisMachine
        kernelReference = index.kernelReference
        let named = index.kernelReference.map(\.buildID) ?? []
        kernelBuildID = header.buildIDs.ofKernel ?? (named.isEmpty ? nil : named)
        lost = index.lost
        damages = index.damages
        events = header.events
        buildIDs = header.buildIDs
    }

    /// Calls `body` with each sample that is wanted, in the order of time, and with what `makeSpace`
    /// made of the mappings that its process had then.
    ///
    /// That is made anew only when mappings have changed.
    public func forEachSample<Space>(
        where isWanted: (CapturedTask) -> Bool, makeSpace: ([FileMapping]) -> Space,
        _ body: (ProfileSample, Space) throws -> Void
    ) throws {
        var processes = ProcessTable<Space>()
        for (number, entry) in index.entries.enumerated() {
            recordsRead = number + 1
            // The copy of the stack in the sample stays where it was read to.
            let bytes = try file.read(at: entry.offset, count: entry.size)
            let sample: ProfileSample?
            do throws(PerfRecordFlaw) {
                sample = try take(bytes, &processes)
            } catch {
                damages.add(error, at: entry.offset, skipping: UInt64(entry.size))
                continue
            }
            guard let sample, isWanted(sample.task) else { continue }
            try body(sample, processes.space(ofProcess: sample.task.tgid, make: makeSpace))
        }
    }

    /// A sample, or nil for a record that changed what is known of a process.
    private func take<Space>(
        _ bytes: [UInt8], _ processes: inout ProcessTable<Space>
    ) throws(PerfRecordFlaw) -> ProfileSample? {
        var fields = FieldCursor(bytes)
        let record = try RecordPrefix(&fields)
        guard record.type != RecordType.sample.rawValue else {
            return try sample(fields, processes)
        }
        if let change = try ProcessChange(record, fields, buildIDs, isOfThisMachine: isOfThisMachine) {
            try processes.apply(change)
        }
        return nil
    }

    private func sample<Space>(
        _ cursor: FieldCursor, _ processes: ProcessTable<Space>
    ) throws(PerfRecordFlaw) -> ProfileSample {
        let event = events.events[try events.index(ofSample: cursor)]
        let fields = try SampleFields(cursor, event.attributes)
        let task = CapturedTask(fields, comm: processes.name(ofTask: fields.tid))
        return ProfileSample(task: task, event: SampledEvent(name: event.name, period: fields.period))
    }
}

extension CapturedTask {
    /// The task of a sample, which ran when it was taken.
    fileprivate init(_ fields: SampleFields, comm: RawText) {
        var flags: Flags = .onCPU
        if fields.registers != nil { flags.insert(.registers) }
        if fields.registerSet == .none { flags.insert(.kernelThread) }
        if fields.registerSet == .code32 { flags.insert(.is32Bit) }
        if fields.isStackFull { flags.insert(.userTruncated) }
        self.init(
            header: RecordHeader(
                type: UInt16(VMON_RECORD_TASK.rawValue), sequence: 0, time: fields.time, dumpID: 0,
                cpu: fields.cpu),
            pid: fields.tid, tgid: fields.pid, startTime: 0, comm: comm, flags: flags,
            state: UInt8(ascii: "R"), addressSpace: 0, waitChannel: 0, cgroup: RawText(""),
            registers: fields.registers,
            stack: StackCopy(start: fields.registers?.rsp ?? 0, bytes: fields.stack),
            kernelFrames: fields.kernelFrames)
    }
}
