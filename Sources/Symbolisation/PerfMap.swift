// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a just-in-time compiler has written about its code, in a file `/tmp/perf-PID.map`: lines
/// `start size name`, both numbers hexadecimal.
final class PerfMap {
    private let file: FileBytes
    private var table: SymbolTable<Lines>
    /// By where the name is in the file.
    private var known: [UInt32: Symbol] = [:]

    /// Larger ones are read up to here.
    private static let bytesMax = 256 << 20
    private static let linesMax = 4 << 20
    private static let nameMax = 1024

    /// That of a process, in its own `/tmp`; nil if there is none. Anyone may write there, so it
    /// must belong to the process's user, or to root.
    convenience init?(of process: LiveProcess) {
        guard let root = process.root, let status = process.status,
            let file = Self.file(of: status.pid, in: root, ownedBy: status.user)
        else { return nil }
        self.init(file)
    }

    /// The one that a process of this number has left in this machine's `/tmp`, by the rule of perf:
    /// it must belong to this process's user, or to root.
    convenience init?(leftBy pid: UInt32) {
        guard let file = Self.file(of: pid, in: [], ownedBy: geteuid()) else { return nil }
        self.init(file)
    }

    private static func file(of pid: UInt32, in root: [UInt8], ownedBy user: UInt32) -> FileBytes? {
        guard let file = FileBytes(path: Array("/tmp/perf-\(pid).map".utf8), root: root),
            file.owner == user || file.owner == 0
        else { return nil }
        return file
    }

    init(_ file: FileBytes) {
        self.file = file
        let count = min(file.count, Self.bytesMax)
        let lines = Lines(file.withBytes(at: 0, count: UInt64(count), Self.ranges) ?? [])
        table = SymbolTable(lines, in: lines.starts)
    }

    func symbol(at address: UInt64) -> Symbol? {
        // Code that was thrown away leaves its line; what came later at its place is what is there.
        guard let range = table.range(containing: address, { $0[$0.endIndex - 1] }) else { return nil }
        if let symbol = known[range.number] { return symbol }
        let text = file.withBytes(
            at: UInt64(range.number), count: UInt64(min(Self.nameMax, file.count - Int(range.number)))
        ) { bytes in
            unsafe bytes.withUnsafeBytes { unsafe Array($0.prefix { $0 != UInt8(ascii: "\n") }) }
        }
        guard let text else { return nil }
        let symbol = Symbol(
            name: functionName(ofSymbol: text), start: range.start)
        known[range.number] = symbol
        return symbol
    }

    private static func ranges(_ text: RawSpan) -> [SymbolRange] {
        unsafe text.withUnsafeBytes { unsafe LineScanner($0).map(ranges) } ?? []
    }

    private static func ranges(_ lines: LineScanner) -> [SymbolRange] {
        var scanner = lines
        var ranges: [SymbolRange] = []
        while !scanner.isAtEnd, ranges.count < linesMax {
            if let start = scanner.takeHexadecimal(), scanner.skip(UInt8(ascii: " ")),
                let size = scanner.takeHexadecimal(), scanner.skip(UInt8(ascii: " ")), size > 0
            {
                ranges.append(
                    SymbolRange(
                        start: start, length: size, hasSize: true, number: UInt32(scanner.position)))
            }
            _ = scanner.skipLine()
        }
        return ranges
    }
}

/// What the lines say, in their order.
private struct Lines: SymbolRanges {
    private let ranges: [SymbolRange]

    init(_ ranges: [SymbolRange]) { self.ranges = ranges }

    var count: Int { ranges.count }

    subscript(number: Int) -> SymbolRange? { ranges[number] }

    var starts: ClosedRange<UInt64> {
        let starts = ranges.lazy.map(\.start)
        return (starts.min() ?? 0)...(starts.max() ?? 0)
    }
}
