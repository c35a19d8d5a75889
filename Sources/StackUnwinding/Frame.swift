// SPDX-License-Identifier: Apache-2.0

/// One frame of a user stack.
public struct Frame: Equatable, Sendable {
    /// Where the function goes on: the instruction pointer of the leaf, a return address in others.
    public let address: UInt64
    /// An address inside the instruction that the function is at, for looking up names.
    ///
    /// A return address may already belong to the next function, when a call is the last
    /// instruction of one, so it is the byte before. What a signal or an interrupt stopped is not
    /// behind a call, and is looked up as it is.
    public let lookupAddress: UInt64

    init(address: UInt64, isReturnAddress: Bool) {
        self.address = address
        lookupAddress = isReturnAddress ? address &- 1 : address
    }
}
