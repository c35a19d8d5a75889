// SPDX-License-Identifier: Apache-2.0

/// Takes a value that only had to be computed, so that the optimiser does not leave that out.
@inline(never)
@_optimize(none)
public func consume<Value>(_ value: borrowing Value) {}
