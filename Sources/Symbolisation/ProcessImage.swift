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
    /// In a profile of this machine, the process that made the mapping. A profile does not say when a process
    /// began: of one that has the number now, the same file is used, and what any has left of the names of
    /// code in memory.
    public let mapper: UInt32?

    public init(
        addresses: Range<UInt64>, offset: UInt64, path: [UInt8], buildID: [UInt8], identity: FileIdentity,
        mapper: UInt32? = nil
    ) {
        self.addresses = addresses
        self.offset = offset
        self.path = path
        self.buildID = buildID
        self.identity = identity
        self.mapper = mapper
    }

    var isVdso: Bool { path.elementsEqual("[vdso]".utf8) }

    /// Whether 32-bit code can reach it. The kernel maps the vdso of 64-bit code far above.
    var isWithin4GB: Bool { addresses.upperBound <= 1 << 32 }

    /// Whether it is memory and no file: `[anon:name]`, `//anon` as perf calls it, or nothing.
    var isAnonymous: Bool {
        path.isEmpty || path.elementsEqual("//anon".utf8) || path.first == UInt8(ascii: "[") && !isVdso
    }

    /// Memory that has a file's name without being on a disk.
    var isMemory: Bool {
        isAnonymous || ["/memfd:", "/dev/zero", "/SYSV", "/dev/shm/"].contains { path.starts(with: $0.utf8) }
    }
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
    private let cache: ElfFileCache
    private let process: LiveProcess?
    /// By the mapping's index; nil for one without a file that can be used.
    private var loaded: [LoadedFile??]
    /// By the mapping's index.
    private var mappedFiles: [MappedFile?]
    /// The files opened so far, the one that was asked for last at the end.
    private var opened: [LoadedFile] = []
    private var locations = LocationCache()
    /// The mapping that was asked for last: the next question is likely to be about the same.
    private var lastIndex = 0
    private lazy var perfMap = process.flatMap(PerfMap.init(of:))

    /// The files in which something was looked up, or which were to be unwound through.
    public private(set) var files: [MappedFile] = []

    /// - Parameter process: one that has or had these mappings, if it was of this machine.
    public init(mappings: [FileMapping], files: ElfFileCache, process: LiveProcess? = nil) {
        self.mappings = mappings.sorted { $0.addresses.lowerBound < $1.addresses.lowerBound }
        cache = files
        self.process = process
        loaded = Array(repeating: nil, count: mappings.count)
        mappedFiles = Array(repeating: nil, count: mappings.count)
    }

    /// The file that is mapped at an address.
    public func file(at address: UInt64) -> LoadedFile? {
        index(containing: address).flatMap(file)
    }

    private func file(ofMapping index: Int) -> LoadedFile? {
        if let known = loaded[index] {
            if let known { moveToEnd(known) }
            return known
        }
        let mapping = mappings[index]
        var (file, state) = mapping.isAnonymous ? (nil, .missing) : cache.file(of: mapping, in: process)
        let bias = file?.loadBias(ofMappingAt: mapping.addresses.lowerBound, offset: mapping.offset)
        if file != nil, bias == nil {
            file = nil
            state = .unreadable
        }
        let place = file.flatMap { file in
            bias.map { LoadedFile(file: file, addresses: mapping.addresses, bias: $0) }
        }
        loaded[index] = .some(place)
        if !mapping.isAnonymous { mappedFiles[index] = mappedFile(mapping, state) }
        if let place { moveToEnd(place) }
        return place
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
        if let known = locations[address] { return known }
        let location = findLocation(of: address)
        locations.insert(location, at: address)
        return location
    }

    private func perfMap(of mapping: FileMapping) -> PerfMap? {
        guard cache.isOfThisMachine else { return nil }
        return mapping.mapper.map(cache.perfMap(leftBy:)) ?? perfMap
    }

    private func findLocation(of address: UInt64) -> CodeLocation {
        guard let index = index(containing: address) else { return CodeLocation(address: address) }
        if let place = file(ofMapping: index) {
            let fileAddress = address &- place.bias
            cache.countLookup()
            return CodeLocation(
                symbol: place.file.symbol(at: fileAddress), file: mappedFiles[index], address: fileAddress)
        }
        let mapping = mappings[index]
        // Compilers tell addresses as the process has them.
        let symbol = mapping.isMemory ? perfMap(of: mapping)?.symbol(at: address) : nil
        return CodeLocation(
            symbol: symbol, file: mappedFiles[index],
            address: mapping.isAnonymous ? address : address &- mapping.addresses.lowerBound &+ mapping.offset
        )
    }

    /// The one object for a file, of which several parts may be mapped.
    private func mappedFile(_ mapping: FileMapping, _ state: MappedFile.State) -> MappedFile {
        let known = files.first {
            $0.path == mapping.path && $0.buildID == mapping.buildID && $0.state == state
        }
        if let known { return known }
        let file = MappedFile(path: mapping.path, buildID: mapping.buildID, state: state)
        files.append(file)
        return file
    }

    private func moveToEnd(_ file: LoadedFile) {
        guard opened.last?.bias != file.bias else { return }
        opened.removeAll { $0.bias == file.bias }
        opened.append(file)
    }

    private func index(containing address: UInt64) -> Int? {
        if lastIndex < mappings.count, mappings[lastIndex].addresses.contains(address) { return lastIndex }
        var low = 0
        var high = mappings.count
        while low < high {
            let middle = (low + high) / 2
            if mappings[middle].addresses.upperBound <= address { low = middle + 1 } else { high = middle }
        }
        guard low < mappings.count, mappings[low].addresses.contains(address) else { return nil }
        lastIndex = low
        return low
    }
}
