// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a just-in-time compiler has written about its code, in a file `/tmp/perf-PID.map`: lines
/// `start size name`, both numbers hexadecimal.
final class PerfMap {
    private let file: FileBytes
    private var table: SymbolTable<Lines>
    /// By where the name is in the file.
    private var known: [UInt32: Symbol] = [:]

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
        let lines = Lines(file)
        table = SymbolTable(lines, in: lines.starts)
    }

    func symbol(at address: UInt64) -> Symbol? {
        // Code that was thrown away leaves its line; what came later at its place is what is there.
        guard let range = table.range(containing: address, { $0[$0.endIndex - 1] }) else { return nil }
        // The line may have been written anew.
        if let symbol = known[range.namePlace], symbol.start == range.start { return symbol }
        let text = file.withBytes(
            at: UInt64(range.namePlace), count: UInt64(min(Self.nameMax, file.count - Int(range.namePlace)))
        ) { bytes in
            unsafe bytes.withUnsafeBytes { unsafe Array($0.prefix { $0 != UInt8(ascii: "\n") }) }
        }
        guard let text else { return nil }
        let symbol = Symbol(
            name: functionName(ofSymbol: text), start: range.start)
        known[range.namePlace] = symbol
        return symbol
    }
}

/// What the lines say, in their order.
private struct Lines: SymbolRanges {
    private let file: FileBytes
    /// The bytes that are read.
    private let size: Int
    /// Where each line begins.
    private let begins: [UInt32]
    let starts: ClosedRange<UInt64>

    /// Larger files are read up to here.
    private static let bytesMax = 256 << 20
    private static let linesMax = 4 << 20
    /// Both numbers, in front of the name.
    private static let numbersMax = 64

    init(_ file: FileBytes) {
        self.file = file
        size = min(file.count, Self.bytesMax)
        var begins: [UInt32] = []
        var (lowest, highest) = (UInt64.max, 0 as UInt64)
        Self.scan(file, from: 0, to: size) { scanner in
            while !scanner.isAtEnd, begins.count < Self.linesMax {
                let begin = UInt32(scanner.position)
                if let range = Self.range(&scanner, from: 0) {
                    begins.append(begin)
                    lowest = min(lowest, range.start)
                    highest = max(highest, range.start)
                }
                _ = scanner.skipLine()
            }
        }
        self.begins = begins
        starts = min(lowest, highest)...highest
    }

    var count: Int { begins.count }

    subscript(number: Int) -> SymbolRange? {
        let begin = Int(begins[number])
        return Self.scan(file, from: begin, to: min(begin + Self.numbersMax, size)) {
            Self.range(&$0, from: begin)
        } ?? nil
    }

    private static func scan<Result>(
        _ file: FileBytes, from begin: Int, to end: Int, _ body: (inout LineScanner) -> Result
    ) -> Result? {
        file.withBytes(at: UInt64(begin), count: UInt64(end - begin)) { text in
            unsafe text.withUnsafeBytes { text in
                guard var scanner = unsafe LineScanner(text) else { return nil }
                return body(&scanner)
            }
        } ?? nil
    }

    /// - Parameter begin: where the scanner's text begins in the file.
    private static func range(_ scanner: inout LineScanner, from begin: Int) -> SymbolRange? {
        let first = scanner.position
        guard let start = scanner.takeHexadecimal(), scanner.skip(UInt8(ascii: " ")),
            let length = scanner.takeHexadecimal(), scanner.skip(UInt8(ascii: " ")), length > 0,
            scanner.position - first <= numbersMax
        else { return nil }
        return SymbolRange(
            start: start, length: length, hasSize: true, namePlace: UInt32(begin + scanner.position))
    }
}
