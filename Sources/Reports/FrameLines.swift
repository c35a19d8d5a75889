// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// Lines about frames, put together once and then copied: a recursion repeats a few frames
/// hundreds of times, and threads of a process share most of theirs.
///
/// A fixed number of places, each taken by the frame that came last, bounds its memory.
struct FrameLines {
    private struct Key: Equatable {
        var address: UInt64
        var fileAddress: UInt64
        var symbol: ObjectIdentifier?
        var file: ObjectIdentifier?

        init(_ frame: borrowing NamedFrame) {
            address = frame.address
            fileAddress = frame.location.address
            symbol = frame.location.symbol.map { ObjectIdentifier($0) }
            file = frame.location.file.map { ObjectIdentifier($0) }
        }
    }

    private static let places = 4096

    private var keys = [Key?](repeating: nil, count: places)
    /// Keeps the objects alive that keys are made from, so that no other can take their identity.
    private var owners = [CodeLocation?](repeating: nil, count: places)
    private var lines = [[UInt8]](repeating: [], count: places)

    /// Writes the lines that `format` has for the frame; it must have the same for the same frame.
    mutating func write(
        _ frame: borrowing NamedFrame, to output: inout ReportBuffer,
        format: (NamedFrame, inout ReportBuffer) -> Void
    ) {
        let key = Key(frame)
        let place = Int(truncatingIfNeeded: (key.address ^ key.address >> 12) % UInt64(Self.places))
        if keys[place] != key {
            var line = ReportBuffer()
            format(copy frame, &line)
            lines[place] = line.bytes
            keys[place] = key
            owners[place] = frame.location
        }
        output.write(lines[place])
    }
}
