// SPDX-License-Identifier: Apache-2.0
import Symbolisation
import SystemPackage

extension LiveProcess {
    /// What the variable is now, as ``ScalarType/text(ofBits:)`` takes it; nil if it cannot be read.
    ///
    /// Reading `/proc/PID/mem` does not stop the process.
    public func bits(of variable: Variable) -> UInt64? {
        guard let offset = Int64(exactly: variable.address),
            let memory = try? FileDescriptor.open(
                FilePath("/proc/\(pid)/mem"), .readOnly, options: .closeOnExec)
        else { return nil }
        defer { try? memory.close() }
        var bytes = [UInt8](repeating: 0, count: variable.type.byteCount)
        let count = unsafe bytes.withUnsafeMutableBytes {
            try? unsafe memory.read(fromAbsoluteOffset: offset, into: $0)
        }
        guard count == bytes.count else { return nil }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
