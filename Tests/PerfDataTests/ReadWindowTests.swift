// SPDX-License-Identifier: Apache-2.0
import SystemPackage
import Testing

@testable import PerfData

/// A file read from its beginning to its end, with and without what lies in between.
@Suite struct ReadWindowTests {
    private static let contents = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }

    /// Small pieces in a row, large ones, and leaps over some that are larger than the window, in any order.
    @Test(arguments: [1, 2, 3, 4])
    func piecesAndLeaps(seed: UInt64) throws {
        let file = try ScratchFile(Self.contents)
        var window = ReadWindow(try InputFile(FilePath(file.path)))
        var state = seed
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var offset = 0
        while true {
            let count = random(below: [16, 100, 65_536][random(below: 3)])
            guard offset + count <= Self.contents.count else { break }
            var cursor = try #require(try window.cursor(at: UInt64(offset), count: count))
            let piece = try cursor.take(byteCount: UInt64(count))
            #expect(piece.elementsEqual(Self.contents[offset..<offset + count]))
            offset += count + random(below: [1, 9000, 400_000][[0, 0, 1, 1, 1, 2][random(below: 6)]])
        }
        #expect(offset > 1_000_000)
    }

    @Test func theEnd() throws {
        let file = try ScratchFile([1, 2, 3])
        var window = ReadWindow(try InputFile(FilePath(file.path)))
        #expect(try window.cursor(at: 0, count: 3)?.count == 3)
        #expect(try window.cursor(at: 1, count: 3) == nil)
        #expect(try window.cursor(at: 2, count: 1)?.count == 1)
        #expect(try window.cursor(at: 3, count: 0)?.count == 0)
        #expect(try window.cursor(at: 1 << 40, count: 1) == nil)
    }
}
