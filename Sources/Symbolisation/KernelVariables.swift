// SPDX-License-Identifier: Apache-2.0

/// Names the variables of a kernel and its modules, as `/proc/kallsyms` lists them.
///
/// A dump has few addresses of variables, those of locks, so that no table is kept of all: one pass
/// over the list finds the names that are asked for.
public struct KernelVariables: Sendable {
    private let kallsyms: @Sendable () -> [UInt8]

    /// Below, the kernel's addresses are those of memory that it allocates, which has no names; the list
    /// has small numbers too, which are no addresses.
    private static let imageStart: UInt64 = 0xffff_ffff_8000_0000
    /// The list does not tell how large a variable is. What lies so far behind one is not part of it.
    private static let sizeMax: UInt64 = 64 << 10

    /// - Parameter kallsyms: gives the contents of `/proc/kallsyms` when they are needed.
    public init(kallsyms: @escaping @Sendable () -> [UInt8]) {
        self.kallsyms = kallsyms
    }

    /// Those of the kernel that runs; without any if it does not show them.
    public static func ofRunningKernel() -> KernelVariables {
        KernelVariables { (try? contents(of: "/proc/kallsyms", limit: KernelSymbols.kallsymsMax)) ?? [] }
    }

    /// The variables in which addresses lie; those that lie in none, or in memory without a name, are
    /// left out.
    ///
    /// - Complexity: O(*n* log *m*) for *m* addresses and a list of *n* lines.
    public func symbols(at addresses: Set<UInt64>) -> [UInt64: Symbol] {
        let wanted = addresses.filter { $0 >= Self.imageStart }.sorted()
        guard !wanted.isEmpty else { return [:] }
        let text = kallsyms()
        var lines = Candidates(wanted)
        unsafe text.withUnsafeBytes { bytes in
            if let scanner = unsafe LineScanner(bytes) { lines.read(scanner) }
        }
        var symbols: [UInt64: Symbol] = [:]
        for (address, line) in zip(wanted, lines.nearest) {
            guard let line, line.isVariable, address - line.address < Self.sizeMax else { continue }
            symbols[address] = line.symbol(in: text)
        }
        return symbols
    }

    /// A line of the list.
    private struct Line {
        let address: UInt64
        let isVariable: Bool
        let name: Range<Int>
        /// In brackets; empty for the kernel itself.
        let module: Range<Int>

        func symbol(in text: [UInt8]) -> Symbol {
            let module = text[module].dropFirst().prefix { $0 != UInt8(ascii: "]") }
            return Symbol(
                name: String(decoding: text[name], as: UTF8.self), start: address,
                kernelModule: module.isEmpty ? nil : String(decoding: module, as: UTF8.self))
        }
    }

    /// For each address the last line before it.
    private struct Candidates {
        private let wanted: [UInt64]
        private(set) var nearest: [Line?]

        init(_ wanted: [UInt64]) {
            self.wanted = wanted
            nearest = Array(repeating: nil, count: wanted.count)
        }

        mutating func read(_ lines: LineScanner) {
            var lines = lines
            while !lines.isAtEnd {
                guard let address = lines.takeHexadecimal(), address >= imageStart,
                    lines.skip(UInt8(ascii: " ")),
                    let index = firstIndex(from: address)
                else {
                    _ = lines.skipLine()
                    continue
                }
                let type = lines.take()
                _ = lines.skip(UInt8(ascii: " "))
                let start = lines.position
                let lineEnd = lines.skipLine()
                guard start < lineEnd else { continue }
                let nameEnd = lines.endOfName(in: start, lineEnd)
                let module = min(nameEnd + 1, lineEnd)..<lineEnd
                offer(
                    Line(
                        address: address, isVariable: Self.isVariable(type), name: start..<nameEnd,
                        module: module),
                    to: index)
            }
            // A line was offered to the first address behind it only.
            for index in nearest.indices.dropFirst() {
                if let before = nearest[index - 1] { offer(before, to: index) }
            }
        }

        /// Of several at one address a variable is taken, and the first of those.
        private mutating func offer(_ line: Line, to index: Int) {
            if let best = nearest[index] {
                let isBetter =
                    line.address > best.address
                    || line.address == best.address && line.isVariable && !best.isVariable
                if !isBetter { return }
            }
            nearest[index] = line
        }

        /// The first address that is not below one.
        private func firstIndex(from address: UInt64) -> Int? {
            var (low, high) = (0, wanted.count)
            while low < high {
                let middle = (low + high) / 2
                if wanted[middle] < address { low = middle + 1 } else { high = middle }
            }
            return low < wanted.count ? low : nil
        }

        /// Data, read-only data, and memory that begins as zeros; also weak.
        private static func isVariable(_ type: UInt8) -> Bool {
            "dDbBrRvVgGsS".utf8.contains(type)
        }
    }
}
