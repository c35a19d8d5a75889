// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A moment as a person gives it: so long ago, or a local time.
public enum ReportTime: Equatable, Sendable {
    /// In ns.
    case ago(UInt64)
    /// `CLOCK_REALTIME` in ns.
    case at(UInt64)

    /// `90s`, `5m`, `2h` or `1d` ago; or `09:30`, `09:30:15` of today, or such a time behind
    /// a date as in `2024-05-01 09:30`. Nil for anything else.
    public init?(_ text: String) {
        if let ago = Self.ago(text) {
            self = .ago(ago)
        } else if let time = Self.localTime(text) {
            self = .at(time)
        } else {
            return nil
        }
    }

    /// As `CLOCK_REALTIME` in ns, seen from a moment.
    public func realtime(from now: UInt64) -> UInt64 {
        switch self {
        case .ago(let time): now > time ? now - time : 0
        case .at(let time): time
        }
    }

    private static func ago(_ text: String) -> UInt64? {
        let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let seconds = text.last.flatMap({ units[$0] }), let count = UInt64(text.dropLast()) else {
            return nil
        }
        let (total, overflow) = count.multipliedReportingOverflow(by: seconds * 1_000_000_000)
        return overflow ? nil : total
    }

    private static func localTime(_ text: String) -> UInt64? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let clock = numbers(parts.last, separator: ":"),
            (2...3).contains(clock.count), clock[0] < 24, clock[1] < 60, clock.count == 2 || clock[2] < 60
        else { return nil }

        var now = time(nil)
        var moment = unsafe tm()
        unsafe localtime_r(&now, &moment)
        if parts.count == 2 {
            guard let date = numbers(parts[0], separator: "-"), date.count == 3, date[0] >= 1970,
                (1...12).contains(date[1]), (1...31).contains(date[2])
            else { return nil }
            unsafe (moment.tm_year, moment.tm_mon, moment.tm_mday) = (date[0] - 1900, date[1] - 1, date[2])
        }
        unsafe (moment.tm_hour, moment.tm_min) = (clock[0], clock[1])
        unsafe moment.tm_sec = clock.count == 3 ? clock[2] : 0
        // Whether it is summer time then, the time zone tells.
        unsafe moment.tm_isdst = -1
        let seconds = unsafe mktime(&moment)
        return seconds < 0 ? nil : UInt64(seconds) &* 1_000_000_000
    }

    /// Of at most four digits each; nil if something else is between the separators.
    private static func numbers(_ text: Substring?, separator: Character) -> [Int32]? {
        let parts = (text ?? "").split(separator: separator, omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            (1...4).contains(part.utf8.count) && part.allSatisfy(\.isWholeNumber) ? Int32(part) : nil
        }
        return numbers.count == parts.count ? numbers : nil
    }
}
