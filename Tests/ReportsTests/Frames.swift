// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import PerfData
import StackUnwinding
import Symbolisation

@testable import Reports

/// Frames of made-up functions, one `Symbol` for each.
struct Frames {
    private let symbols: [String: Symbol]

    init(_ names: String...) {
        symbols = Dictionary(
            uniqueKeysWithValues: names.enumerated().map {
                ($1, Symbol(name: $1, start: UInt64($0 + 1) << 12))
            })
    }

    /// Functions, leaf first; a caller's address is behind the call. "?" has no name.
    func callAsFunction(_ names: String..., file: MappedFile? = nil) -> [NamedFrame] {
        names.map { name in
            let symbol = symbols[name]
            let start = symbol?.start ?? 0xf000
            return NamedFrame(
                address: 0x7000_0000 + start + 0x18,
                location: CodeLocation(symbol: symbol, file: file, address: start + 0x17))
        }
    }
}

extension ResolvedTask {
    /// A task of ``SampleTask`` with other frames.
    static func sample(
        comm: String = "userstack", cgroup: String = "/", user: [NamedFrame]?, kernel: [NamedFrame] = [],
        end: UserStack.End = .complete, event: SampledEvent? = nil
    ) throws -> ResolvedTask {
        var resolved = try SampleTask.resolved(SampleTask.dump(comm: comm, cgroup: cgroup), userFrames: user)
        resolved.number = 1
        resolved.kernelFrames = kernel
        resolved.userEnd = user == nil ? nil : end
        resolved.event = event
        return resolved
    }
}

/// What a format makes of tasks.
func rendered(_ format: ReportFormat, _ tasks: [ResolvedTask], top: Bool = false) throws -> String {
    var options = ReportOptions()
    options.top = top
    var renderer = try format.makeRenderer(options: options)
    return text(of: &renderer, tasks)
}

func text(of renderer: inout any ReportRenderer, _ tasks: [ResolvedTask]) -> String {
    var output = ReportBuffer()
    for task in tasks { renderer.write(task, to: &output) }
    renderer.finish(to: &output)
    return String(decoding: output.bytes, as: UTF8.self)
}
