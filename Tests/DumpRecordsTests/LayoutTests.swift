// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import Testing

/// The layout of the kernel interface as Swift sees it. Both sides read and write the same bytes
/// only if these numbers are the same in the header's own assertions.
@Suite struct LayoutTests {
    @Test func sizesOfStructs() {
        #expect(layout(vmon_watch.self) == [72, 72])
        #expect(layout(vmon_watch_condition.self) == [120, 120])
        #expect(layout(vmon_change.self) == [48, 48])
        #expect(layout(vmon_watch_state.self) == [64, 64])
        #expect(layout(vmon_watch_list.self) == [16, 16])
        #expect(layout(vmon_dump_request.self) == [16, 16])
        #expect(layout(vmon_record.self) == [40, 40])
        #expect(layout(vmon_dump_begin.self) == [56, 56])
        #expect(layout(vmon_hit.self) == [160, 160])
        #expect(layout(vmon_registers.self) == [168, 168])
        #expect(layout(vmon_task.self) == [288, 288])
        #expect(layout(vmon_process.self) == [80, 80])
        #expect(layout(vmon_mappings.self) == [64, 64])
        #expect(layout(vmon_mapping.self) == [64, 64])
        #expect(layout(vmon_dump_end.self) == [88, 88])
        #expect(layout(vmon_lost.self) == [64, 64])
        #expect(layout(vmon_watch_end.self) == [80, 80])
        #expect(layout(vmon_hang.self) == [72, 72])
        #expect(layout(vmon_blocked.self) == [144, 144])
        #expect(layout(vmon_condition.self) == [104, 104])
        #expect(layout(vmon_sample.self) == [16, 16])
        #expect(layout(vmon_history.self) == [104, 104])
    }

    /// Where each part that follows a struct begins is told by these fields: they must not move.
    @Test func offsetsOfFields() {
        #expect(MemoryLayout<vmon_record>.offset(of: \.size) == 4)
        #expect(MemoryLayout<vmon_record>.offset(of: \.sequence) == 8)
        #expect(MemoryLayout<vmon_record>.offset(of: \.dump_id) == 24)
        #expect(MemoryLayout<vmon_hit>.offset(of: \.name) == 128)
        #expect(MemoryLayout<vmon_task>.offset(of: \.registers) == 96)
        #expect(MemoryLayout<vmon_task>.offset(of: \.stack_start) == 264)
        #expect(MemoryLayout<vmon_task>.offset(of: \.stack_bytes) == 272)
        #expect(MemoryLayout<vmon_task>.offset(of: \.cgroup_bytes) == 284)
        #expect(MemoryLayout<vmon_process>.offset(of: \.command_line_bytes) == 72)
        #expect(MemoryLayout<vmon_mapping>.offset(of: \.build_id) == 40)
        #expect(MemoryLayout<vmon_mapping>.offset(of: \.path_bytes) == 62)
    }

    private func layout<Value>(_ type: Value.Type) -> [Int] {
        [MemoryLayout<Value>.size, MemoryLayout<Value>.stride]
    }
}
