// SPDX-License-Identifier: Apache-2.0
import CallFrameInformation
import Symbolisation

/// A piece of executable memory, and the call-frame information of the file that is mapped there.
struct CodeRegion {
    let start: UInt64
    let size: UInt64
    /// To be added to file addresses.
    let bias: UInt64
    /// Nil if there is no file, or none that can be used.
    let frames: CallFrames?
    /// False for what stands for memory without code.
    let isCode: Bool

    func contains(_ address: UInt64) -> Bool { address &- start < size }

    /// No memory at all.
    static func nothing(isCode: Bool) -> CodeRegion {
        CodeRegion(start: 0, size: 0, bias: 0, frames: nil, isCode: isCode)
    }
}

/// The pieces of an address space's code that were met so far.
struct CodeMap {
    private let image: ProcessImage
    /// In ascending order.
    private var regions: [CodeRegion] = []

    init(_ image: ProcessImage) {
        self.image = image
    }

    /// The piece that holds an address; one without memory if it is not code.
    mutating func region(of address: UInt64) -> CodeRegion {
        var low = 0
        var high = regions.count
        while low < high {
            let middle = (low + high) / 2
            if regions[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        if low > 0, regions[low - 1].contains(address) { return regions[low - 1] }
        guard let addresses = image.executableAddresses(around: address) else {
            return .nothing(isCode: image.isExecutable(address))
        }
        let place = image.file(at: address)
        let region = CodeRegion(
            start: addresses.lowerBound, size: addresses.upperBound - addresses.lowerBound,
            bias: place?.bias ?? 0, frames: place?.file.callFrames, isCode: true)
        regions.insert(region, at: low)
        return region
    }

    /// The 8 bytes at an address of a file, for expressions that read memory.
    func word(at address: UInt64) -> UInt64? {
        image.word(at: address)
    }
}
