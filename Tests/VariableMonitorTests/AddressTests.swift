// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VariableMonitor

private struct Pair {
    var first: Int32 = 0
    var second: UInt16 = 0
}

nonisolated(unsafe) private var pair = Pair()

private enum Counters {
    nonisolated(unsafe) static var retries: UInt8 = 0
}

/// Swift may pass `&variable` as the address of a copy. Where the compiler does not
/// warn, it must be the variable's own.
@Suite("The address that is watched")
struct AddressTests {
    private let kernel = FakeKernel()

    @Test("is the same at each call, and the place of the value")
    func isStable() throws {
        let session = Session(kernel: kernel)
        for value in UInt8(1)...3 {
            unsafe watchedGlobal = Int(value)
            unsafe pair.second = UInt16(value)
            unsafe Counters.retries = value
            unsafe try session.watch(&watchedGlobal, when: .above(0), name: "global")
            unsafe try session.watch(&pair.second, when: .above(0), name: "field")
            unsafe try session.watch(&Counters.retries, when: .above(0), name: "static")
            let latest = kernel.requests.suffix(3)
            #expect(latest.allSatisfy { lowestByte(at: $0.watch.address) == value })
        }
        let addresses = kernel.requests.map(\.watch.address)
        #expect(addresses.count == 9)
        #expect(Set(addresses).count == 3)
    }

    private func lowestByte(at address: UInt64) -> UInt8? {
        unsafe UnsafePointer<UInt8>(bitPattern: UInt(address))?.pointee
    }
}
