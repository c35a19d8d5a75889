// SPDX-License-Identifier: Apache-2.0

/// The functions of a kernel in the form in which they are kept: one run of bytes, in which a
/// search touches a few pages.
///
/// It is a header; entries of 16 bytes by address; where the name of each module is; names. All
/// numbers are those of this machine. It may come from a file: nothing in it is taken on trust but the
/// names themselves.
struct KernelSymbolImage {
    let bytes: FileBytes
    private let header: Header

    struct Header: BitwiseCopyable {
        var magic: UInt64 = 0x3130_4d59_534b_4d56  // "VMKSYM01"
        var key = KernelSymbolKey()
        var entryCount: UInt32 = 0
        var moduleCount: UInt32 = 0
    }

    private static let headerSize = UInt64(MemoryLayout<Header>.stride)
    private static let entrySize = UInt64(MemoryLayout<KernelSymbolList.Entry>.stride)
    private static let moduleSize = UInt64(MemoryLayout<UInt64>.stride)

    /// Nil if it is no image.
    init?(_ bytes: FileBytes) {
        guard let header = bytes.load(at: 0, as: Header.self), header.magic == Header().magic,
            Self.headerSize + UInt64(header.entryCount) * Self.entrySize
                + UInt64(header.moduleCount) * Self.moduleSize <= UInt64(bytes.count)
        else { return nil }
        self.bytes = bytes
        self.header = header
    }

    var isEmpty: Bool { header.entryCount == 0 }

    var key: KernelSymbolKey { header.key }

    /// Which function holds an address.
    func number(ofFunctionAt address: UInt64) -> Int? {
        var low = 0
        var high = Int(header.entryCount)
        while low < high {
            let middle = (low + high) / 2
            guard let entry = entry(middle) else { return nil }
            if entry.address <= address { low = middle + 1 } else { high = middle }
        }
        // Nothing tells where the very last one ends.
        guard low > 0, low < Int(header.entryCount), entry(low - 1)?.isFunction == true else { return nil }
        return low - 1
    }

    func symbol(_ number: Int) -> Symbol? {
        guard let entry = entry(number),
            let name = text(at: UInt64(entry.nameStart), count: UInt64(entry.nameLength))
        else { return nil }
        return Symbol(name: name, start: entry.address, kernelModule: moduleName(Int(entry.module)))
    }

    private func entry(_ number: Int) -> KernelSymbolList.Entry? {
        bytes.load(at: Self.headerSize + UInt64(number) * Self.entrySize, as: KernelSymbolList.Entry.self)
    }

    private func moduleName(_ number: Int) -> String? {
        guard number > 0, number <= Int(header.moduleCount),
            let place = bytes.load(at: modulesStart + UInt64(number - 1) * Self.moduleSize, as: UInt64.self)
        else { return nil }
        return text(at: place >> 16, count: place & 0xffff)
    }

    private var modulesStart: UInt64 { Self.headerSize + UInt64(header.entryCount) * Self.entrySize }

    private func text(at offset: UInt64, count: UInt64) -> String? {
        let start = modulesStart + UInt64(header.moduleCount) * Self.moduleSize
        return bytes.withBytes(at: start &+ offset, count: count) {
            unsafe $0.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }
}

extension KernelSymbolList {
    /// - Parameter key: which kernel it is, if the image is to be kept.
    func image(key: KernelSymbolKey?) -> KernelSymbolImage {
        var names: [UInt8] = []
        var places: [UInt64] = []
        for module in modules {
            let name = module.prefix(0xffff)
            places.append(UInt64(names.count) << 16 | UInt64(name.count))
            names += name
        }
        var placed: [Entry] = []
        placed.reserveCapacity(entries.count)
        for entry in entries {
            let start = UInt32(truncatingIfNeeded: names.count)
            names += text[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameLength)]
            placed.append(
                Entry(
                    address: entry.address, nameStart: start, nameLength: entry.nameLength,
                    module: entry.module))
        }
        var header = KernelSymbolImage.Header()
        header.key = key ?? KernelSymbolKey()
        header.entryCount = UInt32(placed.count)
        header.moduleCount = UInt32(places.count)
        // What was just made is an image.
        return KernelSymbolImage(FileBytes(joining: [header], placed, places, names))!
    }
}
