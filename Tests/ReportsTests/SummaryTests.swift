// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import Glibc
import RecordWriting
import Testing

@testable import Reports

@Suite struct SummaryTests {
    private func recording(_ write: (inout RecordWriter) -> Void) -> Recording {
        var writer = RecordWriter()
        write(&writer)
        var recording = Recording()
        recording.append(writer.bytes)
        return recording
    }

    private func hit(
        _ name: String, _ value: Int64, _ threshold: Int64, flags: UInt8 = 0,
        comparison: vmon_comparison = VMON_GREATER
    ) -> vmon_hit {
        var hit = vmon_hit()
        hit.name = fixed(name)
        hit.value = UInt64(bitPattern: value)
        hit.threshold = UInt64(bitPattern: threshold)
        hit.flags = flags
        hit.comparison = UInt8(comparison.rawValue)
        hit.pid = 42
        return hit
    }

    @Test func hitsWithTheirValues() throws {
        let recording = recording { writer in
            writer.append(VMON_RECORD_HIT, hit("temp", 151, 150))
            writer.append(VMON_RECORD_HIT, hit("low", -3, -2, comparison: VMON_LESS))
            writer.append(VMON_RECORD_HIT, hit("big", -1, 5, flags: UInt8(VMON_WATCH_UNSIGNED.rawValue)))
            writer.end()
        }
        #expect(
            summary(of: try #require(recording.dumps.first))
                == "dump 1: temp = 151 > 150 (process 42), low = -3 < -2 (process 42), big = 18446744073709551615 > 5 (process 42); 0 tasks"
        )
    }

    @Test func causesOtherThanHits() throws {
        let recording = recording { writer in
            var begin = vmon_dump_begin()
            begin.reason = VMON_DUMP_REQUEST.rawValue | VMON_DUMP_HANG.rawValue
            writer.append(VMON_RECORD_DUMP_BEGIN, begin)
            var hang = vmon_hang()
            hang.pid = 45
            hang.tgid = 44
            hang.comm = fixed("stuck")
            writer.append(VMON_RECORD_HANG, hang)
            writer.end()
        }
        #expect(
            summary(of: try #require(recording.dumps.first)).hasSuffix(
                ": stuck hangs (task 45 of process 44), on request; 0 tasks"))
    }

    @Test func theTimeFromTheTickToTheTasks() throws {
        let recording = recording { writer in
            var first = hit("temp", 151, 150)
            first.tick_ns = 1_000_000_000
            first.muted_ticks = 12
            writer.append(VMON_RECORD_HIT, first)
            var end = vmon_dump_end()
            end.first_capture_ns = 1_000_042_900
            end.last_capture_ns = 1_012_345_678
            writer.append(VMON_RECORD_DUMP_END, end)
        }
        #expect(
            summary(of: try #require(recording.dumps.first))
                == "dump 1: temp = 151 > 150 (process 42, muted at 12 ticks before); 0 tasks 0.042 to 12.345 ms after the tick"
        )
    }

    @Test func whatIsMissing() throws {
        let recording = recording { writer in
            var end = vmon_dump_end()
            end.skipped_limit = 1
            end.skipped_time = 2
            end.skipped_exited = 3
            end.skipped_full = 4
            writer.append(VMON_RECORD_DUMP_END, end)
            writer.dumpID = 2
            writer.append(VMON_RECORD_HIT, hit("a\nb", 1, 0))
        }
        #expect(
            recording.dumps.map(summary(of:)) == [
                "dump 1: no hits; 0 tasks, 1 over the limit of tasks, 2 over the limit of time, 3 gone, 4 lost, the buffer was full",
                "dump 2: a?b = 1 > 0 (process 42); 0 tasks; its end is missing",
            ])
    }

    @Test func theTimeIsLocal() throws {
        let recording = recording { $0.begin(realtime: 1_701_141_698_004_973_655) }
        var seconds: time_t = 1_701_141_698
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        let text = summary(of: try #require(recording.dumps.first))
        #expect(text.hasPrefix("dump 1 at 2023-11-2"))
        #expect(text.contains(":38.004973655 "))
        let hour = unsafe parts.tm_hour
        #expect(text.contains(" \(hour < 10 ? "0" : "")\(hour):"))
    }

    @Test func notices() {
        let recording = recording { writer in
            writer.begin()
            var end = vmon_watch_end()
            end.watch_id = 3
            end.pid = 42
            end.name = fixed("temp")
            end.reason = VMON_END_EXITED.rawValue
            writer.append(VMON_RECORD_WATCH_END, end)
            writer.sequence = 9
            var lost = vmon_lost()
            lost.count = 4
            lost.first_sequence = 5
            lost.last_sequence = 8
            writer.append(VMON_RECORD_LOST, lost)
            writer.append(VMON_RECORD_TASK, vmon_lost())
        }
        #expect(
            Reports.notices(of: recording) == [
                "watch 3 (temp of process 42) ended: the process is gone",
                "4 records were lost, because the buffer was full",
                "records 3 to 4 are missing",
                "damaged input: 64 bytes at offset 200 skipped: a part of the record goes past its end",
            ])
    }
}
