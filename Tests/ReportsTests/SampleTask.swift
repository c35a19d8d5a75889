// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import RecordWriting
import Testing

@testable import Reports

/// The task of the sample in the design, made from records.
enum SampleTask {
    static func dump(
        comm: String = "userstack", cgroup: String = "/", flags: vmon_task_flags = VMON_TASK_REGISTERS,
        commandLine: String = "./build/userstack\0"
    ) throws -> Dump {
        var task = vmon_task()
        task.pid = 51666
        task.tgid = 51666
        task.comm = fixed(comm)
        task.flags = flags.rawValue
        task.state = UInt8(ascii: "S")
        task.registers.rsp = 0x7ffc_d582_2298
        task.registers.rbp = 2
        task.registers.rip = 0x7f07_1c72_0838
        var writer = RecordWriter()
        writer.begin()
        writer.task(task, kernelFrames: [0xffff_ffff_8117_30dd], cgroup: cgroup)
        writer.process(pid: 51666, parent: 7, comm: comm, commandLine: Array(commandLine.utf8))
        writer.process(pid: 7, parent: 2, comm: "bash", commandLine: Array("/bin/bash\0--login\0".utf8))
        writer.process(pid: 2, parent: 0, comm: "kthreadd", commandLine: [])
        writer.end()
        var recording = Recording()
        recording.append(writer.bytes)
        return try #require(recording.dumps.first)
    }

    static func resolved(_ dump: Dump, userFrames: [NamedFrame]? = nil) throws -> ResolvedTask {
        ResolvedTask(
            number: 510, task: try #require(dump.tasks.first), userFrames: userFrames,
            kernelFrames: [
                NamedFrame(address: 0xffff_ffff_8117_30dd, name: "hrtimer_nanosleep"),
                NamedFrame(address: 0xffff_ffff_8117_33a6, name: nil),
            ],
            chain: dump.chain(of: 51666))
    }
}
