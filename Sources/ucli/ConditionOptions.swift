// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CVariableMonitor
import VariableLookup

/// When a watch hits. Values are texts until the variable's type is known.
struct ConditionOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("When the value is greater.", valueName: "value"))
    var above: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("When it is less.", valueName: "value"))
    var below: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("When it is this one.", valueName: "value"))
    var equal: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("When it is any other.", valueName: "value"))
    var notEqual: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "When it is less than the first or greater than the second.", valueName: "low..high"))
    var outside: String?

    @Flag(help: "When it is another than at the tick before.")
    var changed = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("When it differs by more from the tick before, up or down.", valueName: "value"))
    var changedBy: String?

    @Option(
        help: ArgumentHelp(
            "When it has been the same for so long: a heartbeat that stopped.", valueName: "time"))
    var unchangedFor: TimeSpan?

    @Option(help: ArgumentHelp("When one of these bits is set.", valueName: "mask"))
    var anyBits: String?

    @Option(help: ArgumentHelp("When all of these bits are set.", valueName: "mask"))
    var allBits: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --above or --below: after a hit none, until the value came back to this one.",
            valueName: "value"))
    var rearm: String?

    @Option(help: ArgumentHelp("Hit only when it holds at so many ticks in a row.", valueName: "count"))
    var ticks: UInt32 = 1

    @Option(help: ArgumentHelp("Keep so many values from before a hit for the dump.", valueName: "count"))
    var history: UInt32 = 0

    func validate() throws {
        let named: [Any?] = [
            above, below, equal, notEqual, outside, changed ? true : nil, changedBy, unchangedFor, anyBits,
            allBits,
        ]
        guard named.count(where: { $0 != nil }) == 1 else {
            throw ValidationError(
                "Give one condition: --above, --below, --equal, --not-equal, --outside, --changed, --changed-by, "
                    + "--unchanged-for, --any-bits or --all-bits.")
        }
        if rearm != nil, above == nil, below == nil {
            throw ValidationError("--rearm goes with --above or --below.")
        }
        if let unchangedFor, unchangedFor.nanoseconds == 0 {
            throw ValidationError("--unchanged-for takes a time above 0.")
        }
        guard (1...UInt32(VMON_TICKS_MAX)).contains(ticks) else {
            throw ValidationError("--ticks is from 1 to \(VMON_TICKS_MAX).")
        }
        guard history <= UInt32(VMON_HISTORY_MAX) else {
            throw ValidationError("--history is at most \(VMON_HISTORY_MAX).")
        }
    }

    /// What the module is asked for, but for the variable's place.
    func request(for type: ScalarType) throws(Failure) -> vmon_watch_condition {
        var request = vmon_watch_condition()
        request.watch.length = UInt8(type.byteCount)
        request.ticks = ticks
        request.history = history
        let flags = [
            ScalarType.Kind.signed: 0, .unsigned: VMON_WATCH_UNSIGNED.rawValue,
            .real: VMON_WATCH_FLOAT.rawValue,
        ]
        request.watch.flags = UInt8(flags[type.kind] ?? 0)
        try setComparison(of: &request, type)
        if let rearm {
            request.watch.flags |= UInt8(VMON_WATCH_REARM.rawValue)
            request.rearm = try value(rearm, of: "--rearm", type)
            let isBeyond =
                above == nil
                ? type.isLess(request.rearm, request.watch.threshold)
                : type.isLess(request.watch.threshold, request.rearm)
            if isBeyond {
                throw usage("--rearm \(rearm) is itself a hit: give a value at which there is none")
            }
        }
        return request
    }

    private func setComparison(of request: inout vmon_watch_condition, _ type: ScalarType) throws(Failure) {
        let comparison: vmon_comparison
        if let above {
            comparison = VMON_GREATER
            request.watch.threshold = try value(above, of: "--above", type)
            if request.watch.threshold == type.range?.greatest {
                throw usage("--above \(above) never holds: it is the greatest \(type)")
            }
        } else if let below {
            comparison = VMON_LESS
            request.watch.threshold = try value(below, of: "--below", type)
            if let least = type.range?.least, request.watch.threshold == UInt64(bitPattern: least) {
                throw usage("--below \(below) never holds: it is the least \(type)")
            }
        } else if let equal {
            comparison = VMON_EQUAL
            request.watch.threshold = try value(equal, of: "--equal", type)
        } else if let notEqual {
            comparison = VMON_NOT_EQUAL
            request.watch.threshold = try value(notEqual, of: "--not-equal", type)
        } else if let outside {
            comparison = VMON_OUTSIDE
            (request.watch.threshold, request.high) = try bounds(outside, type)
        } else if let changedBy {
            comparison = VMON_CHANGED_BY
            request.watch.threshold = try difference(changedBy, type)
        } else if let unchangedFor {
            comparison = VMON_UNCHANGED
            request.watch.threshold = unchangedFor.nanoseconds
        } else if let anyBits {
            comparison = VMON_BITS_ANY
            request.watch.threshold = try mask(anyBits, of: "--any-bits", type)
        } else if let allBits {
            comparison = VMON_BITS_ALL
            request.watch.threshold = try mask(allBits, of: "--all-bits", type)
        } else {
            comparison = VMON_CHANGED
        }
        request.watch.comparison = UInt8(comparison.rawValue)
    }

    private func value(_ text: String, of option: String, _ type: ScalarType) throws(Failure) -> UInt64 {
        if let bits = type.bits(of: text) { return bits }
        throw usage(
            "\(option) \(text) is no value of the variable, which is a \(type)" + Self.extent(of: type))
    }

    private func bounds(_ text: String, _ type: ScalarType) throws(Failure) -> (low: UInt64, high: UInt64) {
        let bytes = Array(text.utf8)
        guard let dots = bytes.indices.first(where: { $0 > 0 && bytes[$0...].starts(with: "..".utf8) }) else {
            throw usage("--outside takes two values, as in --outside 10..90")
        }
        let low = try value(String(decoding: bytes[..<dots], as: UTF8.self), of: "--outside", type)
        let high = try value(String(decoding: bytes[(dots + 2)...], as: UTF8.self), of: "--outside", type)
        if type.isLess(high, low) { throw usage("--outside \(text): the first value is the lesser one") }
        if let range = type.range, low == UInt64(bitPattern: range.least), high == range.greatest {
            throw usage("--outside \(text) never holds: every \(type) is inside")
        }
        return (low, high)
    }

    /// Of two values; unsigned for integers of both signs.
    private func difference(_ text: String, _ type: ScalarType) throws(Failure) -> UInt64 {
        let unsigned = ScalarType(.unsigned, byteCount: type.byteCount) ?? type
        let bits = (type.kind == .real ? type : unsigned).bits(of: text)
        guard let bits, type.kind != .real || type.isFiniteAndNotNegative(bits) else {
            throw usage("--changed-by \(text) is no difference of two values of type \(type)")
        }
        return bits
    }

    private func mask(_ text: String, of option: String, _ type: ScalarType) throws(Failure) -> UInt64 {
        guard type.kind != .real else {
            throw usage("\(option) is for integers, and the variable is a \(type)")
        }
        let unsigned = ScalarType(.unsigned, byteCount: type.byteCount) ?? type
        guard let bits = unsigned.bits(of: text), bits != 0 else {
            throw usage("\(option) \(text) names no bits of the variable, which is a \(type)")
        }
        return bits
    }

    private static func extent(of type: ScalarType) -> String {
        type.range.map { ", from \($0.least) to \($0.greatest)" } ?? ""
    }

    private func usage(_ message: String) -> Failure {
        Failure(message: message, exitCode: .validationFailure)
    }
}

extension ScalarType {
    /// Of two values as the module takes them.
    fileprivate func isLess(_ first: UInt64, _ second: UInt64) -> Bool {
        switch kind {
        case .signed: Int64(bitPattern: first) < Int64(bitPattern: second)
        case .unsigned: first < second
        case .real: real(first) < real(second)
        }
    }

    fileprivate func isFiniteAndNotNegative(_ bits: UInt64) -> Bool {
        real(bits).isFinite && real(bits).sign == .plus
    }

    private func real(_ bits: UInt64) -> Double {
        byteCount == 4
            ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) : Double(bitPattern: bits)
    }
}
