// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A time with its unit, such as `10us`, `500ms` or `5s`.
struct TimeSpan: ExpressibleByArgument {
    let nanoseconds: UInt64

    static let form = "a whole number with its unit: ns, us, ms, s, m or h"
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    init?(argument text: String) {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let name = text.dropFirst(digits.count)
        guard let number = UInt64(digits), let unit = Self.units.first(where: { $0.name == name }) else {
            return nil
        }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflow else { return nil }
        self.nanoseconds = nanoseconds
    }
}
