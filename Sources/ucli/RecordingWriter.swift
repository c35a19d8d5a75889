// SPDX-License-Identifier: Apache-2.0
import DumpRecords
import Glibc
import SystemPackage

/// Writes a saved recording of this machine.
final class RecordingWriter {
    private let file: ReplacedFile
    private let path: String
    private var recordBytes: UInt64 = 0

    init(_ path: String) throws(Failure) {
        self.path = path
        // It holds what programs had on their stacks.
        file = try ReplacedFile(path, permissions: [.ownerReadWrite])
        try writing { () throws(Errno) in
            try file.descriptor.writeWhole(
                RecordingFileLayout.head(
                    machine: .thisOne, kallsyms: (try? readFile("/proc/kallsyms")) ?? [],
                    modules: (try? readFile("/proc/modules")) ?? []))
        }
    }

    /// Appends whole records.
    func write(_ records: [UInt8]) throws(Failure) {
        try writing { () throws(Errno) in try file.descriptor.writeWhole(records) }
        recordBytes += UInt64(records.count)
    }

    /// Has the file system store all that was written. From then on it is not thrown away.
    func store() throws(Failure) {
        try writing { () throws(Errno) in
            do {
                try file.descriptor.writeAll(
                    toAbsoluteOffset: RecordingFileLayout.recordsSizeOffset,
                    RecordingFileLayout.recordsSize(recordBytes))
            } catch {
                throw error as? Errno ?? .ioError
            }
            try file.descriptor.synchronize()
        }
        file.isPrecious = true
    }

    /// Stores the file under its name.
    func finish() throws(Failure) {
        try store()
        try file.appear()
    }

    private func writing(_ body: () throws(Errno) -> Void) throws(Failure) {
        do throws(Errno) {
            try body()
        } catch {
            throw .cannotWrite(path, "\(error)")
        }
    }
}

extension RecordedMachine {
    /// This one, now.
    fileprivate static var thisOne: RecordedMachine {
        var machine = RecordedMachine()
        var names = utsname()
        unsafe uname(&names)
        machine.release = text(of: names.release)
        machine.architecture = text(of: names.machine)
        machine.bootID = ucli.bootID()
        machine.time = realtimeNow()
        return machine
    }

    private static func text<Characters: BitwiseCopyable>(of characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
