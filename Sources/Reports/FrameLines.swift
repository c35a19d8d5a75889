// SPDX-License-Identifier: Apache-2.0
import Symbolisation

/// Lines about frames, put together once and then copied: a recursion repeats a few frames
/// hundreds of times, and threads of a process share most of theirs.
///
/// A fixed number of places, each taken by the frame that came last, bounds its memory. They are there
/// from the first frame on: many reports have no kernel's frames, or none of programs.
struct FrameLines {
    private static let places = 4096

    private var keys: [NamedFrame.Identity?] = []
    /// Keeps the objects alive that keys are made from, so that no other can take their identity.
    private var owners: [CodeLocation?] = []
    private var lines: [[UInt8]] = []
    private var line = ReportBuffer()

    private mutating func makePlaces() {
        keys = Array(repeating: nil, count: Self.places)
        owners = Array(repeating: nil, count: Self.places)
        lines = Array(repeating: [], count: Self.places)
    }

    /// Writes the lines that `format` has for each frame; it must have the same for the same frame.
    mutating func write(
        _ frames: [NamedFrame], to output: inout ReportBuffer,
        format: (NamedFrame, inout ReportBuffer) -> Void
    ) {
        for index in frames.indices {
            write(frames, index, to: &output, format: format)
        }
    }

    /// Frames are reached through their array: to copy one is to retain and release what it
    /// refers to, which takes longer than all the rest.
    mutating func write(
        _ frames: [NamedFrame], _ index: Int, to output: inout ReportBuffer,
        format: (NamedFrame, inout ReportBuffer) -> Void
    ) {
        if keys.isEmpty { makePlaces() }
        let key = frames[index].identity
        let place = Int(truncatingIfNeeded: (key.address ^ key.address >> 12) % UInt64(Self.places))
        if keys[place] != key {
            line.removeAll()
            format(frames[index], &line)
            // Not as the buffer's own bytes, which have room for the longest line of all.
            lines[place].removeAll(keepingCapacity: true)
            lines[place].append(contentsOf: line.bytes)
            keys[place] = key
            owners[place] = frames[index].location
        }
        output.write(lines[place])
    }
}
