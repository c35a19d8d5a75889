// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The functions of a kernel and its modules, as `/proc/kallsyms` lists them.
public struct KernelSymbols: Sendable {
    /// Something that begins at an address. There are a few hundred thousand, so it is small.
    private struct Entry {
        let address: UInt64
        /// Where its name is in the text.
        let nameStart: UInt32
        /// 0 where no function begins, but something else does.
        let nameLength: UInt16
    }

    private let text: [UInt8]
    private var entries: [Entry] = []

    /// - Parameters:
    ///   - kallsyms: the contents of `/proc/kallsyms`.
    ///   - modules: the contents of `/proc/modules`, which tell where each module ends.
    public init(kallsyms: [UInt8], modules: [UInt8]) {
        text = kallsyms
        var lineStart = 0
        while lineStart < kallsyms.count {
            var lineEnd = lineStart
            while lineEnd < kallsyms.count, kallsyms[lineEnd] != UInt8(ascii: "\n") { lineEnd += 1 }
            if let entry = Self.entry(kallsyms, lineStart, lineEnd) { entries.append(entry) }
            lineStart = lineEnd + 1
        }
        for line in modules.split(separator: UInt8(ascii: "\n")) {
            if let end = Self.moduleEnd(line) {
                entries.append(Entry(address: end, nameStart: 0, nameLength: 0))
            }
        }
        // Of several at one address that comes last which a search is to find. Among names it is the
        // first in the list, which the kernel itself prints.
        entries.sort {
            if $0.address != $1.address { return $0.address < $1.address }
            let isNamed = ($0.nameLength > 0, $1.nameLength > 0)
            return isNamed.0 != isNamed.1 ? isNamed.1 : $0.nameStart > $1.nameStart
        }
    }

    /// Those of the kernel that runs; empty if it does not show them.
    public static func ofRunningKernel() -> KernelSymbols {
        KernelSymbols(
            kallsyms: (try? contents(of: "/proc/kallsyms")) ?? [],
            modules: (try? contents(of: "/proc/modules")) ?? [])
    }

    /// No address is named: the kernel shows them only to those who may see them.
    public var isEmpty: Bool { entries.isEmpty }

    /// The function at an address; nil if none of the kernel or of a module is there.
    public func symbol(at address: UInt64) -> Symbol? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        // Nothing tells where the very last one ends.
        guard low > 0, low < entries.count, entries[low - 1].nameLength > 0 else { return nil }
        let entry = entries[low - 1]
        let name = text[Int(entry.nameStart)...].prefix(Int(entry.nameLength))
        return Symbol(name: String(decoding: name, as: UTF8.self), start: entry.address)
    }

    /// A line is `address type name`, for those of modules with a tab and `[module]` behind it.
    ///
    /// It goes byte by byte, because there are so many lines.
    private static func entry(_ text: [UInt8], _ start: Int, _ end: Int) -> Entry? {
        var address: UInt64 = 0
        var position = start
        while position < end, let digit = hexadecimalDigit(text[position]) {
            address = address << 4 | digit
            position += 1
        }
        let blank = UInt8(ascii: " ")
        // Without the right to see them, all addresses are 0.
        guard address != 0, end - position > 3, text[position] == blank, text[position + 2] == blank else {
            return nil
        }
        let type = text[position + 1]
        let name = position + 3
        position = name
        while position < end, text[position] != UInt8(ascii: "\t") { position += 1 }

        let isFunction = isText(type) && !isEndOfText(text[name..<position])
        guard let nameStart = UInt32(exactly: name), let nameLength = UInt16(exactly: position - name) else {
            return nil
        }
        return Entry(address: address, nameStart: nameStart, nameLength: isFunction ? nameLength : 0)
    }

    /// Text symbols, and weak ones, which are functions with few exceptions.
    private static func isText(_ type: UInt8) -> Bool {
        type == UInt8(ascii: "t") || type == UInt8(ascii: "T") || type == UInt8(ascii: "W")
            || type == UInt8(ascii: "w")
    }

    /// Where a part of the kernel's text ends: listed as functions, which they are not.
    private static func isEndOfText(_ name: ArraySlice<UInt8>) -> Bool {
        name.first == UInt8(ascii: "_")
            && (name.elementsEqual("_etext".utf8) || name.elementsEqual("_einittext".utf8))
    }

    /// A line is `name size references users state address`.
    private static func moduleEnd(_ line: ArraySlice<UInt8>) -> UInt64? {
        let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count >= 6, let size = UInt64(fields[1]), fields[5].hasPrefix("0x"),
            let address = UInt64(fields[5].dropFirst(2), radix: 16), address != 0
        else { return nil }
        return address &+ size
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        default: nil
        }
    }

    private static func contents(of path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var contents: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return contents }
                contents += part[..<count]
            }
        }
    }
}
