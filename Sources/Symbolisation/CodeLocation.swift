// SPDX-License-Identifier: Apache-2.0

/// A function of a file or of the kernel. One object serves all frames in it.
public final class Symbol: Sendable {
    /// One word, demangled, without parameters.
    public let name: String
    /// Where it begins: in a file's own addresses, or in the kernel's.
    public let start: UInt64
    /// The kernel module to which it belongs; nil for the kernel itself and for files.
    public let kernelModule: String?

    public init(name: String, start: UInt64, kernelModule: String? = nil) {
        self.name = name
        self.start = start
        self.kernelModule = kernelModule
    }
}

/// What lies at an address: a function, and the file that is mapped there.
public struct CodeLocation: Sendable {
    /// Nil if nothing names it.
    public var symbol: Symbol?
    /// Nil for the kernel, and where no file is mapped.
    public var file: MappedFile?
    /// The address in the file's own terms, or in the kernel's.
    public var address: UInt64

    public init(symbol: Symbol? = nil, file: MappedFile? = nil, address: UInt64) {
        self.symbol = symbol
        self.file = file
        self.address = address
    }
}

/// A file that a process had mapped, as its mappings name it. One object for each in an address space.
public final class MappedFile: Sendable {
    /// As in `/proc/PID/maps`, without escapes; not necessarily UTF-8.
    public let path: [UInt8]
    /// As the process's own memory had it; empty if it is not known.
    public let buildID: [UInt8]
    public let state: State

    public enum State: Equatable, Sendable {
        /// It is there, and is the one that was mapped.
        case usable
        /// There is no such file any more, or it cannot be read.
        case missing
        /// The file there now is another than the one that was mapped.
        case changed
        /// It is no ELF file of this architecture, or is damaged.
        case unreadable
    }

    public init(path: [UInt8], buildID: [UInt8], state: State) {
        self.path = path
        self.buildID = buildID
        self.state = state
    }
}
