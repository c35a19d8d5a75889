// SPDX-License-Identifier: Apache-2.0

/// Where the kernel's code was when a file was recorded: it is loaded elsewhere at each boot.
public struct KernelReference: Equatable, Sendable {
    /// Of a symbol that every kernel has, such as `_text`.
    public let symbol: String
    public let address: UInt64
    /// Of the kernel; empty if it is not told here.
    let buildID: [UInt8]

    /// From the mapping of the kernel that perf makes up; nil for those of its modules.
    init?(_ record: RecordPrefix, _ body: FieldCursor) throws(PerfRecordFlaw) {
        var body = body
        try body.skip(24)
        address = try body.take()
        buildID = try body.takeMappedFile(of: record).buildID
        let path = String(decoding: try body.takeText(byteCount: UInt64(body.count)), as: UTF8.self)
        let prefix = "[kernel.kallsyms]"
        guard path.hasPrefix(prefix), address != 0 else { return nil }
        symbol = String(path.dropFirst(prefix.count))
    }
}
