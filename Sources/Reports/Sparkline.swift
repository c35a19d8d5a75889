// SPDX-License-Identifier: Apache-2.0
import DumpRecords

extension History {
    /// How the variable came to the hit, from left to right: `▁▁▁▂▂▅█`.
    ///
    /// The time of the samples is cut into equal parts; each shows the highest value in it, so that a peak of
    /// one tick is seen. What is no finite number, and a part without a tick, is a blank.
    func sparkline(columns: Int) -> String {
        let bars = Array("▁▂▃▄▅▆▇█")
        guard let first = samples.first?.time, let last = samples.last?.time, columns > 0 else { return "" }
        let span = Double(last &- first) + 1
        var highest = [Double?](repeating: nil, count: min(columns, samples.count))
        for sample in samples {
            let value = kind.double(sample.value)
            // Times of a damaged record may be in any order.
            let place = Double(sample.time &- first) / span * Double(highest.count)
            guard value.isFinite, place < Double(highest.count) else { continue }
            highest[Int(place)] = max(highest[Int(place)] ?? value, value)
        }
        let values = highest.compactMap(\.self)
        guard let low = values.min(), let high = values.max() else { return "" }
        // Halves, because the difference of two numbers may be too large for one.
        let range = high / 2 - low / 2
        return String(
            highest.map { value -> Character in
                guard let value else { return " " }
                let height = range > 0 ? (value / 2 - low / 2) / range : 0
                return bars[min(bars.count - 1, Int(height * Double(bars.count)))]
            })
    }

    /// The lowest and the highest value; nil if no sample is a number.
    var extremes: (low: String, high: String)? {
        let ordered = samples.map(\.value).filter { !kind.double($0).isNaN }
        guard let low = ordered.min(by: { kind.isLess($0, $1) }),
            let high = ordered.max(by: { kind.isLess($0, $1) })
        else { return nil }
        return (kind.text(low), kind.text(high))
    }
}

extension NumberKind {
    /// The number, of a large integer the nearest.
    fileprivate func double(_ bits: UInt64) -> Double {
        switch self {
        case .signed: Double(Int64(bitPattern: bits))
        case .unsigned: Double(bits)
        case .float: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .double: Double(bitPattern: bits)
        }
    }

    fileprivate func isLess(_ first: UInt64, _ second: UInt64) -> Bool {
        switch self {
        case .signed: Int64(bitPattern: first) < Int64(bitPattern: second)
        case .unsigned: first < second
        case .float, .double: double(first) < double(second)
        }
    }
}
