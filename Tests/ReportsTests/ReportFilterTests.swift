// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Glibc
import RecordWriting
import Testing

@testable import Reports

@Suite struct ReportFilterTests {
    @Test func whatIsEmptyLeavesNothingOut() throws {
        let dump = try SampleTask.dump()
        #expect(ReportFilter().isEmpty && ReportFilter().includes(dump))
        #expect(ReportFilter().includes(try #require(dump.tasks.first)))
    }

    @Test func allKindsMustFit() throws {
        let task = try #require(try SampleTask.dump().tasks.first)
        var filter = ReportFilter()
        filter.pids = [51666]
        filter.states = [UInt8(ascii: "S")]
        #expect(filter.includes(task))
        filter.names = [RawText("other")]
        #expect(!filter.includes(task))
        filter.names.insert(RawText("userstack"))
        #expect(filter.includes(task))
        filter.states = [UInt8(ascii: "D")]
        #expect(!filter.includes(task) && !filter.isEmpty)
    }

    @Test func aDumpOfAnUnknownTimeStays() throws {
        var writer = RecordWriter()
        writer.begin(realtime: 100)
        writer.dumpID = 2
        writer.end()
        var recording = Recording()
        recording.append(writer.bytes)
        var filter = ReportFilter()
        filter.since = 101
        #expect(recording.dumps.map(filter.includes) == [false, true])
        filter.since = 100
        #expect(recording.dumps.map(filter.includes) == [true, true])
        filter.dumps = [1]
        #expect(recording.dumps.map(filter.includes) == [true, false])
    }
}

@Suite struct ReportTimeTests {
    @Test func timesBeforeNow() {
        #expect(ReportTime("90s") == .ago(90_000_000_000))
        #expect(ReportTime("5m") == .ago(300_000_000_000))
        #expect(ReportTime("2h") == .ago(7_200_000_000_000))
        #expect(ReportTime("1d") == .ago(86_400_000_000_000))
        #expect(ReportTime("2h")?.realtime(from: 7_200_000_000_001) == 1)
        #expect(ReportTime("2h")?.realtime(from: 5) == 0)
    }

    @Test func localTimes() throws {
        guard case .at(let time) = ReportTime("2024-05-01 09:30:15") else {
            Issue.record("no time")
            return
        }
        var seconds = time_t(time / 1_000_000_000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        #expect(unsafe (parts.tm_year, parts.tm_mon, parts.tm_mday) == (124, 4, 1))
        #expect(unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec) == (9, 30, 15))
        #expect(ReportTime("2024-05-01 09:30") == .at(time - 15_000_000_000))
        #expect(ReportTime("00:00") != nil && ReportTime("23:59:59") != nil)
    }

    @Test(arguments: [
        "", "s", "5", "-5s", "5x", "99999999999999999999s", "18446744073709551615d", "24:00", "9", "9:60",
        "9:30:60",
        "2024-13-01 09:30", "2024-05-01", "2024-05 09:30", "yesterday", "09:30 ", " 09:30",
        "2024-05-01  09:30",
        "1:2:3:4", "٣:٠٠",
    ]) func otherTextsAreNoTimes(_ text: String) {
        #expect(ReportTime(text) == nil)
    }
}

@Suite struct ModuleStatusTests {
    private let status = ModuleStatus(
        Array("watches: 2\nbuffer_bytes: 8388608\nodd\nbad\"name: 1\nx: y\n".utf8))

    @Test func linesOfAnotherFormAreSkipped() {
        #expect(status.fields.map(\.name) == ["watches", "buffer_bytes"])
        #expect(status.fields.map(\.value) == [2, 8_388_608])
    }

    @Test func textHasColumnsAndJSONOneObject() {
        #expect(status.text == "watches       2\nbuffer_bytes  8388608\n")
        #expect(ModuleStatus.json(status) == "{\"loaded\":true,\"watches\":2,\"buffer_bytes\":8388608}\n")
        #expect(ModuleStatus.json(nil) == "{\"loaded\":false}\n")
    }
}
