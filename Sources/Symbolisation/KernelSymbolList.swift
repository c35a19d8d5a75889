// SPDX-License-Identifier: Apache-2.0

/// What begins where in a kernel, read from its lists.
struct KernelSymbolList {
    /// Something that begins at an address. There are a few hundred thousand, so it is small.
    struct Entry {
        let address: UInt64
        /// Where its name is in the text.
        let nameStart: UInt32
        /// 0 where no function begins, but something else does.
        let nameLength: UInt16
        /// Which of the modules, from 1; 0 for the kernel itself.
        let module: UInt16

        var isFunction: Bool { nameLength > 0 }
    }

    let text: [UInt8]
    /// By address, one for each.
    private(set) var entries: [Entry]
    private(set) var modules: [[UInt8]] = []
    /// Their numbers, from 1.
    private var moduleNumbers: [[UInt8]: UInt16] = [:]

    /// - Parameters:
    ///   - kallsyms: the contents of `/proc/kallsyms`.
    ///   - modules: the contents of `/proc/modules`.
    init(kallsyms: [UInt8], modules: [UInt8]) {
        text = kallsyms
        entries = []
        unsafe kallsyms.withUnsafeBytes { text in
            if let lines = unsafe LineScanner(text) { readLines(lines) }
        }
        for module in LoadedModule.all(in: modules) {
            entries.append(Entry(address: module.end, nameStart: 0, nameLength: 0, module: 0))
        }
        // Of several at one address the first is taken. Among names it is the first in the list,
        // which the kernel itself prints. Most of the list is sorted, which the sort makes use of.
        entries.sort {
            if $0.address != $1.address { return $0.address < $1.address }
            return $0.isFunction != $1.isFunction ? $0.isFunction : $0.nameStart < $1.nameStart
        }
        removeRepetitions()
    }

    /// Without code that comes and goes with no module being loaded: it may be another one soon.
    var withoutPassingCode: KernelSymbolList {
        let passing = ["bpf", "__builtin__ftrace", "__builtin__kprobes"].map { Array($0.utf8) }
        let numbers = Set(modules.indices.filter { passing.contains(modules[$0]) }.map { UInt16($0 + 1) })
        var list = self
        list.entries = entries.map { entry in
            numbers.contains(entry.module)
                ? Entry(address: entry.address, nameStart: 0, nameLength: 0, module: 0) : entry
        }
        list.removeRepetitions()
        return list
    }

    /// Where something of the kernel itself begins, the first of that name; nil if nothing is called so.
    func start(ofSymbol name: String) -> UInt64? {
        let name = Array(" \(name)".utf8)
        return unsafe text.withUnsafeBytes { text in
            guard var lines = unsafe LineScanner(text) else { return nil }
            while !lines.isAtEnd {
                let address = lines.takeHexadecimal()
                let nameStart = lines.position + " T".utf8.count
                let lineEnd = lines.skipLine()
                guard let address, address != 0, nameStart <= lineEnd else { continue }
                if unsafe text[nameStart..<lineEnd].elementsEqual(name) { return address }
            }
            return nil
        }
    }

    /// The kernel itself as it lies at another boot, without modules, and without what is in the lower half of all
    /// addresses, which are none.
    func moved(by distance: UInt64) -> KernelSymbolList {
        var list = self
        list.entries = entries.filter { $0.module == 0 && Int64(bitPattern: $0.address) < 0 }.map {
            Entry(
                address: $0.address &+ distance, nameStart: $0.nameStart, nameLength: $0.nameLength, module: 0
            )
        }
        return list
    }

    /// Leaves one for each address, and one of several ends in a row.
    private mutating func removeRepetitions() {
        var kept = 0
        for entry in entries {
            if kept > 0 {
                let last = entries[kept - 1]
                if last.address == entry.address || !last.isFunction && !entry.isFunction { continue }
            }
            entries[kept] = entry
            kept += 1
        }
        entries.removeLast(entries.count - kept)
    }

    /// A line is `address type name`, for those of modules with a tab and `[module]` behind it.
    private mutating func readLines(_ lines: LineScanner) {
        var lines = lines
        let blank = UInt8(ascii: " ")
        while !lines.isAtEnd {
            // Without the right to see them, all addresses are 0.
            guard let address = lines.takeHexadecimal(), address != 0, lines.skip(blank) else {
                _ = lines.skipLine()
                continue
            }
            let type = lines.take()
            guard lines.skip(blank) else {
                _ = lines.skipLine()
                continue
            }
            let nameStart = lines.position
            let lineEnd = lines.skipLine()
            let nameEnd = lines.endOfName(in: nameStart, lineEnd)
            let isFunction = Self.isText(type) && !isEndOfText(nameStart..<nameEnd)
            guard let start = UInt32(exactly: nameStart), let length = UInt16(exactly: nameEnd - nameStart)
            else {
                continue
            }
            let module = nameEnd == lineEnd ? 0 : number(ofModule: nameEnd + 1..<lineEnd)
            entries.append(
                Entry(
                    address: address, nameStart: isFunction ? start : 0, nameLength: isFunction ? length : 0,
                    module: module))
        }
    }

    /// The number of the module of which the text holds `[name]`; those of one stand together.
    private mutating func number(ofModule range: Range<Int>) -> UInt16 {
        let name = text[range].dropFirst().prefix { $0 != UInt8(ascii: "]") }
        if let last = modules.last, last.elementsEqual(name) { return UInt16(modules.count) }
        if let known = moduleNumbers[Array(name)] { return known }
        guard modules.count < UInt16.max - 1 else { return 0 }
        modules.append(Array(name))
        moduleNumbers[Array(name)] = UInt16(modules.count)
        return UInt16(modules.count)
    }

    /// Text symbols, and weak ones, which are functions with few exceptions.
    private static func isText(_ type: UInt8) -> Bool {
        let lowered = type | 0x20
        return lowered == UInt8(ascii: "t") || lowered == UInt8(ascii: "w")
    }

    /// Where a part of the kernel's text ends: listed as functions, which they are not.
    private func isEndOfText(_ name: Range<Int>) -> Bool {
        guard name.count == 6 || name.count == 10, text[name.lowerBound] == UInt8(ascii: "_") else {
            return false
        }
        return text[name].elementsEqual("_etext".utf8) || text[name].elementsEqual("_einittext".utf8)
    }
}

/// A module, as `/proc/modules` has it.
struct LoadedModule {
    let name: [UInt8]
    let address: UInt64
    let size: UInt64

    /// First address behind it.
    var end: UInt64 { address &+ size }

    /// A line is `name size references users state address`; without the right to see them, all
    /// addresses are 0.
    static func all(in modules: [UInt8]) -> [LoadedModule] {
        modules.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard fields.count >= 6, let size = UInt64(fields[1]), fields[5].hasPrefix("0x"),
                let address = UInt64(fields[5].dropFirst(2), radix: 16), address != 0
            else { return nil }
            return LoadedModule(name: Array(fields[0].utf8), address: address, size: size)
        }
    }
}

extension LineScanner {
    /// Where the name ends that begins the rest of a line: at its tab, or at the line's end.
    func endOfName(in start: Int, _ lineEnd: Int) -> Int {
        // Lines without a module, which are most, end in something else than a bracket.
        guard lineEnd > start, byte(at: lineEnd - 1) == UInt8(ascii: "]") else { return lineEnd }
        var position = lineEnd - 1
        while position >= start {
            if byte(at: position) == UInt8(ascii: "\t") { return position }
            position -= 1
        }
        return lineEnd
    }
}
