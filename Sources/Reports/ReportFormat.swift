// SPDX-License-Identifier: Apache-2.0

/// The kinds of reports, by the names that users give.
public enum ReportFormat: String, CaseIterable, Sendable {
    /// The default layout, which programs parse.
    case text
    /// For a person to read.
    case plain
    /// JSON Lines that lose nothing.
    case json
    /// A line for each stack, with a count.
    case folded
    /// One HTML file.
    case flamegraph
    /// A gzipped profile of pprof.
    case pprof
    /// As `perf script` prints it.
    case perf

    /// What it is and who reads it, in one line.
    public var summary: String {
        switch self {
        case .text: "one block of tagged lines for each task (the default)"
        case .plain: "for a person to read, with source lines where they are known"
        case .json: "JSON Lines that lose nothing; see docs/json-schema.md"
        case .folded: "a line for each stack and its count, for flame graph scripts, inferno and speedscope"
        case .flamegraph: "a flame graph to look at in a browser: one HTML file"
        case .pprof: "a gzipped profile, for go tool pprof and Perfetto"
        case .perf: "the text of perf script, for Firefox Profiler, speedscope and stackcollapse-perf.pl"
        }
    }

    /// Whether it is no text, and not to be shown on a terminal.
    public var isBinary: Bool { self == .pprof }

    /// Throws if it has no form for an option.
    public func validate(_ options: ReportOptions) throws(UnsupportedOption) {
        if options.kernelFirst, self != .text {
            throw UnsupportedOption(option: "--kernel-first", format: self)
        }
        // Programs parse the default layout, which has no place for them.
        if options.hasLines, self == .text { throw UnsupportedOption(option: "--lines", format: self) }
        // Its readers count samples, not what is written in them.
        if options.top, self == .perf { throw UnsupportedOption(option: "--top", format: self) }
    }

    /// A renderer of this format; throws if it has no form for an option.
    public func makeRenderer(options: ReportOptions = ReportOptions()) throws(UnsupportedOption)
        -> any ReportRenderer
    {
        try validate(options)
        switch self {
        case .text: return merged(DefaultReport(kernelFirst: options.kernelFirst), options)
        case .plain: return merged(PlainReport(hasColour: options.hasColour), options)
        case .json: return merged(JSONReport(), options)
        case .folded: return FoldedReport(mostFirst: options.top)
        // These two merge in any case, and leave sorting to those who look at them.
        case .flamegraph: return FlameGraphReport()
        case .pprof: return PprofReport()
        case .perf: return PerfScriptReport()
        }
    }

    private func merged(_ renderer: some MergingRenderer, _ options: ReportOptions) -> any ReportRenderer {
        if options.top { return TopReport(renderer) }
        return renderer
    }
}

/// What users can choose about a report.
public struct ReportOptions: Sendable {
    /// The kernel's frames before the program's, for scripts that collapse stacks.
    public var kernelFirst = false
    /// Tasks with the same frames merged and counted, those that are most first.
    public var top = false
    /// Frames have their lines of source code, and the functions that were inlined there.
    public var hasLines = false
    /// For a terminal.
    public var hasColour = false

    public init() {}
}

/// An option that a format has no form for.
public struct UnsupportedOption: Error, CustomStringConvertible {
    public let option: String
    public let format: ReportFormat

    public var description: String { "\(option) does not go with the format \(format.rawValue)" }
}
