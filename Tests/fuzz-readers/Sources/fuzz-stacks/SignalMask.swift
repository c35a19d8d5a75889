// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Stands in for sigprocmask(2), and blocks nothing.
///
/// libunwind blocks all signals while it asks for memory and tables. A crash in what it asks would
/// end the program at once, and libFuzzer could not tell which input it was.
@_cdecl("sigprocmask")
public func blockNothing(
    _ how: CInt, _ mask: UnsafePointer<sigset_t>?, _ oldMask: UnsafeMutablePointer<sigset_t>?
) -> CInt { 0 }
