// SPDX-License-Identifier: Apache-2.0

/// An executable part of a file in a process's memory.
public struct FileMapping: Sendable {
    public let addresses: Range<UInt64>
    /// Of the first byte in the file.
    public let offset: UInt64
    public let path: [UInt8]
    /// Empty if it is not known.
    public let buildID: [UInt8]
    public let identity: FileIdentity

    public init(
        addresses: Range<UInt64>, offset: UInt64, path: [UInt8], buildID: [UInt8], identity: FileIdentity
    ) {
        self.addresses = addresses
        self.offset = offset
        self.path = path
        self.buildID = buildID
        self.identity = identity
    }

    var isVdso: Bool { path == Array("[vdso]".utf8) }
}

/// What code a process had in its memory: files, each opened when an address in it is looked up first.
public final class ProcessImage {
    /// A file at its place.
    public struct LoadedFile {
        public let file: ElfFile
        /// Addresses of the mapping through which it was found.
        public let addresses: Range<UInt64>
        /// To be added to file addresses.
        public let bias: UInt64
    }

    private let mappings: [FileMapping]
    private let files: ElfFileCache
    /// By the mapping's index; nil for one without a file that can be used.
    private var loaded: [Int: LoadedFile?] = [:]
    /// By the mapping's index.
    private var mappedFiles: [Int: MappedFile] = [:]
    /// The files opened so far, the one that was asked for last at the end.
    private var opened: [LoadedFile] = []

    public init(mappings: [FileMapping], files: ElfFileCache) {
        self.mappings = mappings.sorted { $0.addresses.lowerBound < $1.addresses.lowerBound }
        self.files = files
    }

    /// The file that is mapped at an address.
    public func file(at address: UInt64) -> LoadedFile? {
        guard let index = index(containing: address) else { return nil }
        if let known = loaded[index] {
            if let known { moveToEnd(known) }
            return known
        }
        let mapping = mappings[index]
        let file = files.file(of: mapping).flatMap { file in
            file.loadBias(ofMappingAt: mapping.addresses.lowerBound, offset: mapping.offset).map {
                LoadedFile(file: file, addresses: mapping.addresses, bias: $0)
            }
        }
        loaded[index] = .some(file)
        if let file { moveToEnd(file) }
        return file
    }

    /// Whether an address is in an executable mapping; true for all if none is known.
    public func isExecutable(_ address: UInt64) -> Bool {
        mappings.isEmpty || index(containing: address) != nil
    }

    /// The executable mapping that holds an address.
    public func executableAddresses(around address: UInt64) -> Range<UInt64>? {
        index(containing: address).map { mappings[$0].addresses }
    }

    /// The 8 bytes at an address of a file that ``file(at:)`` returned before, in any part of it.
    ///
    /// They are the file's, not the process's, which may have written to them.
    public func word(at address: UInt64) -> UInt64? {
        for place in opened.reversed() {
            if let word = place.file.word(at: address &- place.bias) { return word }
        }
        return nil
    }

    /// What lies at an address.
    public func location(of address: UInt64) -> CodeLocation {
        guard let index = index(containing: address) else { return CodeLocation(address: address) }
        guard let place = file(at: address) else {
            let mapping = mappings[index]
            return CodeLocation(
                file: mappedFile(index, .missing),
                address: address &- mapping.addresses.lowerBound &+ mapping.offset)
        }
        let fileAddress = address &- place.bias
        return CodeLocation(
            symbol: place.file.symbol(at: fileAddress), file: mappedFile(index, .usable), address: fileAddress)
    }

    private func mappedFile(_ index: Int, _ state: MappedFile.State) -> MappedFile {
        if let known = mappedFiles[index] { return known }
        let file = MappedFile(path: mappings[index].path, buildID: mappings[index].buildID, state: state)
        mappedFiles[index] = file
        return file
    }

    private func moveToEnd(_ file: LoadedFile) {
        guard opened.last?.bias != file.bias else { return }
        opened.removeAll { $0.bias == file.bias }
        opened.append(file)
    }

    private func index(containing address: UInt64) -> Int? {
        var low = 0
        var high = mappings.count
        while low < high {
            let middle = (low + high) / 2
            if mappings[middle].addresses.upperBound <= address { low = middle + 1 } else { high = middle }
        }
        return low < mappings.count && mappings[low].addresses.contains(address) ? low : nil
    }
}
