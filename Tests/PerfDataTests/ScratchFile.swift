// SPDX-License-Identifier: Apache-2.0
import Foundation
import PerfData
import SystemPackage

/// A file that is there as long as the object.
final class ScratchFile {
    let path: String

    init(_ contents: [UInt8] = []) throws {
        path = FileManager.default.temporaryDirectory.path + "/perf-data-\(UUID().uuidString)"
        try Data(contents).write(to: URL(fileURLWithPath: path))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func open() throws -> PerfDataFile {
        try PerfDataFile(FilePath(path))
    }
}

/// A sample, and the mappings that its process had.
struct Seen {
    let sample: ProfileSample
    let mappings: [(addresses: Range<UInt64>, path: String)]
}

extension PerfDataFile {
    func samples() throws -> [Seen] {
        var seen: [Seen] = []
        try forEachSample(
            where: { _ in true },
            makeSpace: {
                $0.map { (addresses: $0.addresses, path: String(decoding: $0.path, as: UTF8.self)) }
            }
        ) { seen.append(Seen(sample: $0, mappings: $1)) }
        return seen
    }
}
