// SPDX-License-Identifier: Apache-2.0

/// Ends the program if a reader's result cannot be, which libFuzzer takes for a crash.
///
/// Unlike `precondition` it says why in a release build too.
public func require(_ condition: Bool, _ why: @autoclosure () -> String) {
    if !condition { fatalError(why()) }
}
