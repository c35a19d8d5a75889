// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

/// A file with contents for one test; removed with the value.
struct ScratchFile: ~Copyable {
    let path: String

    init(_ contents: [UInt8]) throws {
        var template = Array("/tmp/variable-monitor-tests.XXXXXX".utf8CString)
        let file = unsafe mkstemp(&template)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try #require(file >= 0)
        defer { close(file) }
        let written = unsafe write(file, contents, contents.count)
        try #require(written == contents.count)
    }

    /// Puts a FIFO in its place.
    func becomeFIFO() throws {
        unsafe unlink(path)
        let result = unsafe mkfifo(path, 0o600)
        try #require(result == 0)
    }

    deinit {
        unsafe unlink(path)
    }
}

/// The contents of a file, of `/proc` too.
func contents(of path: String) throws -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    defer { close(file) }
    var contents: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe read(file, &part, part.count), count > 0 {
        contents += part[..<count]
    }
    return contents
}
