// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// Finds variables by their names in a process that runs, without stopping it or asking it anything.
///
/// Names come from the files that the process has mapped, as the process sees them; types from their debugging
/// information, or from the names themselves where the language is Swift.
public final class VariableLookup {
    public let process: LiveProcess
    /// libdw writes to its copy of mapped files.
    private let files = ElfFileCache(forgetsPages: false)

    public init(_ process: LiveProcess) {
        self.process = process
    }

    /// Throws also if the name is ambiguous: the error then lists what it may mean. The program's own
    /// variables go before those of libraries.
    ///
    /// - Parameters:
    ///   - text: a name, with fields and indices behind it. The last parts of a qualified name are enough.
    ///   - type: nil to have it found out.
    ///   - fileName: the name of the only file to look in, or its path; nil for all.
    public func find(_ text: String, type: ScalarType?, inFile fileName: String? = nil) throws(LookupError)
        -> Variable
    {
        let name = try VariableName(text)
        guard let mappings = process.mappings() else {
            throw LookupError("process \(process.pid) is gone, or may not be looked at: run ucli as root")
        }
        let candidates = candidates(name, in: mappings, fileName)
        // Libraries have many variables, of which those who wrote the program know nothing.
        let program = process.programPath.map { String(decoding: $0, as: UTF8.self) }
        let own = candidates.filter { $0.filePath == program }
        let candidate = try theOne(of: own.isEmpty ? candidates : own, called: text)
        guard !candidate.symbol.isThreadLocal else {
            throw LookupError(
                "\(candidate.shownName) is thread-local: each thread has its own, and none an address that could be "
                    + "told from outside. Watch one with --address and --type")
        }
        let reading = name.readings[candidate.fit.reading]
        do throws(LookupError) {
            let part = try candidate.part(reading.steps, type, describedBy: candidates)
            let address = candidate.address &+ part.offset
            return Variable(
                name: candidate.shownName + text.utf8.dropFirst(reading.name.utf8.count).text,
                file: candidate.filePath, address: address, type: part.type, typeSource: part.source)
        } catch {
            throw LookupError("\(candidate.shownName): \(error)")
        }
    }

    private func candidates(
        _ name: VariableName, in mappings: [MemoryMapping], _ fileName: String?
    ) -> [VariableCandidate] {
        let code = mappings.compactMap(\.code)
        let image = ProcessImage(mappings: code, files: files, process: process)
        var candidates: [VariableCandidate] = []
        var seen: Set<UInt64> = []
        for mapping in code {
            let path = String(decoding: mapping.path, as: UTF8.self)
            guard Self.isNamed(path, fileName), let place = image.file(at: mapping.addresses.lowerBound),
                seen.insert(place.bias).inserted
            else { continue }
            var fits: [String: VariableName.Fit] = [:]
            let symbols = place.file.variables { symbol in
                guard let fit = name.fit(symbol) else { return false }
                fits[symbol] = fit
                return true
            }
            candidates += symbols.compactMap { symbol in
                fits[symbol.symbol].map {
                    VariableCandidate(
                        symbol: symbol, fit: $0, file: place.file, filePath: path, bias: place.bias)
                }
            }
        }
        return candidates
    }

    private static func isNamed(_ path: String, _ name: String?) -> Bool {
        guard let name else { return true }
        return path == name || path.hasSuffix("/" + name)
    }

    private func theOne(
        of candidates: [VariableCandidate], called text: String
    ) throws(LookupError) -> VariableCandidate {
        guard let best = candidates.map(\.fit).min() else {
            throw LookupError(
                "process \(process.pid) has no variable \(text): none of its files has a symbol of that name",
                mayAppear: true)
        }
        var same = candidates.filter { $0.fit == best }
        // Two names may be one variable.
        same = same.indices.filter { index in
            !same[..<index].contains { $0.address == same[index].address && !$0.symbol.isThreadLocal }
        }.map { same[$0] }
        if same.count == 1 { return same[0] }
        let lines = same.prefix(Self.listedMax).map { "\n  \($0.description)" }.joined()
        let more = same.count > Self.listedMax ? "\n  … and \(same.count - Self.listedMax) more" : ""
        throw LookupError(
            "\(text) may be one of \(same.count) variables:\(lines)\(more)\n"
                + "Give more of the name, the file with --in, or --address with --type")
    }

    private static let listedMax = 20
}

extension Sequence<UInt8> {
    fileprivate var text: String { String(decoding: Array(self), as: UTF8.self) }
}
