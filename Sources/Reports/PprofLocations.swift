// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// What samples of a pprof profile point to: locations, functions and mappings, each once.
///
/// Addresses are those of the files, so that processes that share a library share its locations;
/// the mapping of a file therefore begins at 0.
struct PprofLocations {
    private struct Location: Hashable {
        /// From 1; 0 for none.
        var mapping: UInt64
        var address: UInt64
        /// Numbers of functions and lines, innermost first.
        var lines: [Line]
    }

    private struct Line: Hashable {
        var function: UInt64
        var line: UInt64
    }

    private struct Mapping: Hashable {
        var path: [UInt8]
        var buildID: [UInt8]
    }

    private struct Function: Hashable {
        var name: UInt64
        var file: UInt64
    }

    var strings = PprofStrings()
    private var locations = Numbered<Location>()
    private var functions = Numbered<Function>()
    private var mappings = Numbered<Mapping>()
    /// By number, the first address behind the last that was used.
    private var mappingEnds: [UInt64: UInt64] = [:]
    private var hasLines = false

    /// Numbers of the locations of a task's frames, root first.
    mutating func stack(of resolved: ResolvedTask) -> [Int] {
        var stack: [Int] = []
        for frame in (resolved.userFrames ?? []).reversed() {
            let mapping = frame.location.file.map { Mapping(path: $0.path, buildID: $0.buildID) }
            stack.append(number(of: frame, in: mapping))
        }
        for frame in resolved.kernelFrames.reversed() {
            let module = frame.location.symbol?.kernelModule ?? "kernel.kallsyms"
            stack.append(number(of: frame, in: Mapping(path: Array("[\(module)]".utf8), buildID: [])))
        }
        return stack
    }

    private mutating func number(of frame: NamedFrame, in mapping: Mapping?) -> Int {
        let mapping = mapping.map { mappings.number(of: $0) } ?? 0
        let address = frame.location.address
        mappingEnds[mapping] = max(mappingEnds[mapping] ?? 0, address &+ 1)
        return Int(
            locations.number(of: Location(mapping: mapping, address: address, lines: lines(of: frame))))
    }

    private mutating func lines(of frame: NamedFrame) -> [Line] {
        guard let name = frame.name else { return [] }
        if frame.sources.isEmpty { return [Line(function: function(name, file: ""), line: 0)] }
        hasLines = true
        return frame.sources.map {
            Line(function: function($0.name, file: $0.file), line: UInt64(clamping: $0.line))
        }
    }

    private mutating func function(_ name: String, file: String) -> UInt64 {
        functions.number(
            of: Function(name: strings.number(of: name.printable), file: strings.number(of: file.printable)))
    }

    /// Writes the fields of the profile that describe locations, and all strings.
    mutating func write(to profile: inout ProtobufWriter) {
        let hasLines = hasLines
        for (index, mapping) in mappings.values.enumerated() {
            let number = UInt64(index) + 1
            let path = strings.number(of: String(decoding: mapping.path, as: UTF8.self).printable)
            let buildID = strings.number(of: hexText(mapping.buildID))
            let end = mappingEnds[number] ?? 0
            profile.write(3) { message in
                message.write(1, number)
                message.write(3, end)
                message.write(5, path)
                message.write(6, buildID)
                // They were looked for: pprof need not do it again.
                message.write(7, true)
                message.write(8, hasLines)
                message.write(9, hasLines)
                message.write(10, hasLines)
            }
        }
        for (index, location) in locations.values.enumerated() {
            profile.write(4) { message in
                message.write(1, UInt64(index) + 1)
                message.write(2, location.mapping)
                message.write(3, location.address)
                for line in location.lines {
                    message.write(4) { field in
                        field.write(1, line.function)
                        field.write(2, line.line)
                    }
                }
            }
        }
        for (index, function) in functions.values.enumerated() {
            profile.write(5) { message in
                message.write(1, UInt64(index) + 1)
                message.write(2, function.name)
                message.write(3, function.name)
                message.write(4, function.file)
            }
        }
        for string in strings.all {
            profile.write(6, string)
        }
    }
}

/// The string table of a profile; number 0 is the empty string.
struct PprofStrings {
    private var table = Numbered<String>()

    mutating func number(of string: String) -> UInt64 {
        string.isEmpty ? 0 : table.number(of: string)
    }

    var all: [String] { [""] + table.values }
}

/// Values, each once, with numbers from 1.
struct Numbered<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: UInt64] = [:]

    mutating func number(of value: Value) -> UInt64 {
        if let known = numbers[value] { return known }
        values.append(value)
        numbers[value] = UInt64(values.count)
        return UInt64(values.count)
    }
}
