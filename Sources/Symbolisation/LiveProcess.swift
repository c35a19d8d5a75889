// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// A process of this machine that may still be there: its files are best opened through it, for it
/// may see others under their paths, and still has those open that were removed.
public struct LiveProcess: Sendable {
    public let pid: UInt32
    /// `CLOCK_BOOTTIME` in ns. A process that began at another time only has the same number.
    public let startTime: UInt64

    public init(pid: UInt32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The process that has this number now; nil if there is none.
    public init?(pid: UInt32) {
        guard let ticks = Self.startTicks(of: pid), let tick = Self.nanosecondsPerTick else { return nil }
        let (startTime, overflow) = ticks.multipliedReportingOverflow(by: tick)
        guard !overflow else { return nil }
        self.init(pid: pid, startTime: startTime)
    }

    /// The folder that is `/` for the process; nil if it is gone.
    var root: [UInt8]? {
        isThere ? Array("/proc/\(pid)/root".utf8) : nil
    }

    /// The file of one of its mappings, whatever has become of the path; nil if the process is gone.
    func path(ofMappingAt addresses: Range<UInt64>) -> [UInt8]? {
        let start = String(addresses.lowerBound, radix: 16)
        let end = String(addresses.upperBound, radix: 16)
        return isThere ? Array("/proc/\(pid)/map_files/\(start)-\(end)".utf8) : nil
    }

    /// Its number in its own PID namespace, and its effective user; nil if it is gone.
    var status: (pid: UInt32, user: UInt32)? {
        guard isThere, let text = try? contents(of: FilePath("/proc/\(pid)/status"), limit: 1 << 16) else {
            return nil
        }
        var own: UInt32?
        var user: UInt32?
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
            let numbers = fields.dropFirst().map { UInt32(String(decoding: $0, as: UTF8.self)) }
            if line.starts(with: "NSpid:".utf8) { own = numbers.last ?? nil }
            if line.starts(with: "Uid:".utf8), numbers.count >= 2 { user = numbers[1] }
        }
        guard let user else { return nil }
        return (own ?? pid, user)
    }

    /// Whether there is a process of its number that began when it did.
    public var isThere: Bool {
        guard let ticks = Self.startTicks(of: pid), let tick = Self.nanosecondsPerTick else { return false }
        return ticks == startTime / tick
    }

    /// Since the machine's start, in the unit of `/proc/PID/stat`.
    private static func startTicks(of pid: UInt32) -> UInt64? {
        guard let text = try? contents(of: FilePath("/proc/\(pid)/stat"), limit: 4096),
            // The name in parentheses may hold anything; the fields behind it are numbers.
            let nameEnd = text.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = text[nameEnd...].split(separator: UInt8(ascii: " "))
        // The 22nd field; the parenthesis ends the second.
        return fields.count > 20 ? UInt64(String(decoding: fields[20], as: UTF8.self)) : nil
    }

    private static var nanosecondsPerTick: UInt64? {
        let ticksPerSecond = UInt64(clamping: sysconf(Int32(_SC_CLK_TCK)))
        return ticksPerSecond > 0 ? 1_000_000_000 / ticksPerSecond : nil
    }
}

/// The bytes of a file that tells no size, as those of `/proc`.
///
/// - Parameter limit: more than so many are not read.
func contents(of path: FilePath, limit: Int) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    return try file.closeAfter {
        var contents: [UInt8] = []
        var part = [UInt8](repeating: 0, count: min(limit, 1 << 18))
        while contents.count < limit {
            let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            if count == 0 { break }
            contents += part[..<min(count, limit - contents.count)]
        }
        return contents
    }
}
