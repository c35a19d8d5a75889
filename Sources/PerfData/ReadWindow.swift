// SPDX-License-Identifier: Apache-2.0

/// The part of a file that is in memory, while it is read from its beginning to its end.
struct ReadWindow {
    private let file: InputFile
    private var bytes = [UInt8](repeating: 0, count: Self.size)
    private var start: UInt64 = 0
    private var count = 0

    /// Room for the largest record, small enough to stay in a CPU's cache.
    private static let size = 256 << 10
    /// What is read after a leap: another one is likely.
    private static let leapSize = 1 << 10

    init(_ file: InputFile) {
        self.file = file
    }

    /// The bytes at an offset; nil if the file ends before them.
    ///
    /// It moves the window only if they are not in it. At most ``size`` bytes can be asked for.
    mutating func cursor(at offset: UInt64, count wanted: Int) throws(PerfDataError) -> FieldCursor? {
        let end = start + UInt64(count)
        if offset < start || offset > end || end - offset < UInt64(wanted) {
            let isLeap = offset > end
            count = try file.read(
                into: &bytes, at: offset, count: isLeap ? max(wanted, Self.leapSize) : Self.size)
            start = offset
        }
        let position = Int(offset - start)
        guard wanted <= count - position else { return nil }
        return FieldCursor(bytes, position..<position + wanted)
    }
}
