// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The functions of a kernel and its modules, as `/proc/kallsyms` lists them.
public final class KernelSymbols {
    private var image: KernelSymbolImage
    /// Reads the list anew, for what came after it was kept: code comes without a module too,
    /// as that of BPF programs. Nil once done.
    private var readAnew: (() -> KernelSymbolImage)?
    private var known = LocationCache()
    /// By the function's number in the image, so that one object serves all frames in it.
    private var symbols: [Int: Symbol] = [:]

    /// - Parameters:
    ///   - kallsyms: the contents of `/proc/kallsyms`.
    ///   - modules: the contents of `/proc/modules`, which tell where each module ends.
    public convenience init(kallsyms: [UInt8], modules: [UInt8]) {
        self.init(KernelSymbolList(kallsyms: kallsyms, modules: modules).image(key: nil))
    }

    init(_ image: KernelSymbolImage, readAnew: (() -> KernelSymbolImage)? = nil) {
        self.image = image
        self.readAnew = readAnew
    }

    /// No address is named: the kernel shows them only to those who may see them.
    public var isEmpty: Bool { image.isEmpty }

    /// Those of the kernel that runs; without any if it does not show them.
    ///
    /// The kernel takes 50 ms to write the list, so what can be kept of it is, until the next boot.
    public static func ofRunningKernel() -> KernelSymbols {
        ofRunningKernel(cache: KernelSymbolCache.ofUser())
    }

    static func ofRunningKernel(cache: KernelSymbolCache?) -> KernelSymbols {
        let modules = (try? contents(of: "/proc/modules", limit: modulesMax)) ?? []
        func read() -> KernelSymbolList {
            let kallsyms = (try? contents(of: "/proc/kallsyms", limit: kallsymsMax)) ?? []
            return KernelSymbolList(kallsyms: kallsyms, modules: modules)
        }
        guard let cache, let key = KernelSymbolKey(modules: modules) else {
            return KernelSymbols(read().image(key: nil))
        }
        if let kept = cache.image(for: key) {
            return KernelSymbols(kept, readAnew: { read().image(key: nil) })
        }
        let list = read()
        cache.keep(list.withoutPassingCode.image(key: key))
        return KernelSymbols(list.image(key: nil))
    }

    /// Those of a kernel that perf has kept with the other files of its profiles, on this machine or, by
    /// `perf archive`, from another; nil if it has not.
    ///
    /// They are of the first boot of which perf kept something. Modules lie elsewhere at others, and have no names.
    ///
    /// - Parameters:
    ///   - symbol: one of the kernel's own.
    ///   - address: where it was at the boot that is asked about.
    public static func keptByPerf(ofKernel buildID: [UInt8], symbol: String, at address: UInt64)
        -> KernelSymbols?
    {
        guard let path = BuildIDFolder.pathInPerfCache(of: buildID, name: "kallsyms"),
            let file = FileBytes(path: path),
            let kallsyms = file.withBytes(
                at: 0, count: UInt64(min(file.count, keptMax)),
                { unsafe $0.withUnsafeBytes { unsafe Array($0) } })
        else { return nil }
        return KernelSymbols(kallsyms: kallsyms, symbol: symbol, at: address)
    }

    /// - Parameter kallsyms: of any boot; nil if the symbol is not there.
    convenience init?(kallsyms: [UInt8], symbol: String, at address: UInt64) {
        let list = KernelSymbolList(kallsyms: kallsyms, modules: [])
        guard let known = list.start(ofSymbol: symbol) else { return nil }
        self.init(list.moved(by: address &- known).image(key: nil))
    }

    /// The build-id of the kernel that runs; nil if it does not tell.
    public static func buildIDOfRunningKernel() -> [UInt8]? {
        guard let notes = try? contents(of: "/sys/kernel/notes", limit: 1 << 16) else { return nil }
        let buildID = ElfFile.buildID(
            inNotesAt: 0, size: UInt64(notes.count), of: FileBytes(joining: notes))
        return buildID.isEmpty ? nil : buildID
    }

    /// More than four times as much as any kernel's list has.
    private static let keptMax = 64 << 20
    static let kallsymsMax = 256 << 20
    private static let modulesMax = 1 << 20

    /// The function at an address; nil if none of the kernel or of a module is there.
    public func symbol(at address: UInt64) -> Symbol? {
        if let known = known[address] { return known.symbol }
        var number = image.number(ofFunctionAt: address)
        if number == nil, let readAnew {
            image = readAnew()
            self.readAnew = nil
            symbols = [:]
            number = image.number(ofFunctionAt: address)
        }
        let symbol = number.flatMap(symbol)
        known.insert(CodeLocation(symbol: symbol, address: address), at: address)
        return symbol
    }

    private func symbol(ofNumber number: Int) -> Symbol? {
        if let symbol = symbols[number] { return symbol }
        let symbol = image.symbol(number)
        symbols[number] = symbol
        return symbol
    }
}
