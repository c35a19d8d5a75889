// SPDX-License-Identifier: Apache-2.0

/// The call-frame information of one file, and the rows of it that were asked for.
///
/// It belongs to the file, and so serves all processes that have it mapped.
public final class CallFrames {
    /// Where a file's call-frame information is.
    public struct Sources {
        /// File address of `.eh_frame_hdr`, by `PT_GNU_EH_FRAME`.
        public var header: UInt64?
        /// The bytes from a file address to the end of the segment that it is in.
        public var memory: (UInt64) -> SectionBytes?
        /// `.eh_frame` by the section headers, for files without a header of it: statically linked ones.
        public var exceptionFrames: () -> SectionBytes?
        /// `.debug_frame`, decompressed: all that programs in Go have.
        public var debugFrames: () -> SectionBytes?

        public init(
            header: UInt64?, memory: @escaping (UInt64) -> SectionBytes?,
            exceptionFrames: @escaping () -> SectionBytes?, debugFrames: @escaping () -> SectionBytes?
        ) {
            self.header = header
            self.memory = memory
            self.exceptionFrames = exceptionFrames
            self.debugFrames = debugFrames
        }
    }

    private let sources: Sources
    private let cache = RowCache()
    private var complexRules: [FrameRules] = []
    private lazy var exceptionIndex: FrameIndex? = makeExceptionIndex()
    private lazy var debugIndex: FrameIndex? = sources.debugFrames().map {
        FrameIndex(scanning: FrameSection(bytes: $0, kind: .debugging))
    }

    /// Only hostile input has as many rules that do not fit into rows.
    private static let complexRulesMax = 1 << 14

    public init(_ sources: Sources) {
        self.sources = sources
    }

    /// The row of the code at a file address.
    ///
    /// - Complexity: O(1), except when an address is asked for first.
    @inline(__always)
    public func row(at address: UInt64) -> UnwindRow {
        let row = cache.row(at: address)
        return row.kind == .empty ? addRow(at: address) : row
    }

    /// The rules of a row that is ``UnwindRow/Kind/complex`` or a ``UnwindRow/Kind/signalFrame``; nil
    /// for any other.
    public func rules(of row: UnwindRow) -> FrameRules? {
        let hasRules = row.kind == .complex || row.kind == .signalFrame
        guard hasRules, row.rulesIndex < complexRules.count else { return nil }
        return complexRules[Int(row.rulesIndex)]
    }

    @inline(never)
    private func addRow(at address: UInt64) -> UnwindRow {
        var row = makeRow(at: address)
        row.address = address
        cache.insert(row)
        return row
    }

    private func makeRow(at address: UInt64) -> UnwindRow {
        do {
            guard let rules = try rules(at: address) else { return UnwindRow(.unknown) }
            return UnwindRow(rules) ?? complexRow(rules)
        } catch {
            return UnwindRow(.malformed)
        }
    }

    private func complexRow(_ rules: FrameRules) -> UnwindRow {
        guard complexRules.count < Self.complexRulesMax else { return UnwindRow(.malformed) }
        complexRules.append(rules)
        var row = UnwindRow(rules.isSignalFrame ? .signalFrame : .complex)
        row.rulesIndex = UInt32(complexRules.count - 1)
        return row
    }

    private func rules(at address: UInt64) throws(Malformed) -> FrameRules? {
        for index in [exceptionIndex, debugIndex] {
            guard let index, let entry = try index.entry(of: address) else { continue }
            // A trampoline is all code that its entry tells of, or follows it: elsewhere no code needs to be read.
            let isAtEdge = entry.start == address || !entry.contains(address &+ 1)
            if isAtEdge, let rules = signalTrampolineRules(at: address) { return rules }
            return try FrameProgram.rules(at: address, in: entry, of: index.section.bytes)
        }
        return signalTrampolineRules(at: address)
    }

    private func makeExceptionIndex() -> FrameIndex? {
        if let header = sources.header.flatMap(sources.memory),
            let index = FrameIndex(header: header, memory: sources.memory)
        {
            return index
        }
        return sources.exceptionFrames().map {
            FrameIndex(scanning: FrameSection(bytes: $0, kind: .exceptionHandling))
        }
    }

    /// The rules of the code to which signal handlers return, which not every library or run-time system
    /// describes; nil if there is other code at the address.
    ///
    /// - Parameter address: of its first byte, or the one before that, as for a return address.
    private func signalTrampolineRules(at address: UInt64) -> FrameRules? {
        for start in [address, address &+ 1] {
            if let code = sources.memory(start), SignalTrampoline.begins(code) {
                return SignalTrampoline.rules(code)
            }
        }
        return nil
    }
}
