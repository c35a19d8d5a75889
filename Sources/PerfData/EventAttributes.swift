// SPDX-License-Identifier: Apache-2.0

/// What one event records (`struct perf_event_attr`).
struct EventAttributes {
    let sampleType: SampleType
    let readFormat: UInt64
    /// All records, not only samples, say when and where they were made.
    let hasSampleIDs: Bool
    /// Of samples that do not say their own; 0 if it changes.
    let period: UInt64
    let branchSampleType: UInt64
    /// Bit n: samples hold the n-th register of `enum perf_event_x86_regs`.
    let userRegisters: UInt64
    /// Type and configuration, for events without a name.
    let number: (type: UInt32, config: UInt64)

    /// `enum perf_event_sample_format`.
    struct SampleType: OptionSet {
        let rawValue: UInt64

        static let address = SampleType(rawValue: 1 << 3)
        static let branchStack = SampleType(rawValue: 1 << 11)
        static let callChain = SampleType(rawValue: 1 << 5)
        static let cpu = SampleType(rawValue: 1 << 7)
        static let id = SampleType(rawValue: 1 << 6)
        static let identifier = SampleType(rawValue: 1 << 16)
        static let instruction = SampleType(rawValue: 1 << 0)
        static let period = SampleType(rawValue: 1 << 8)
        static let raw = SampleType(rawValue: 1 << 10)
        static let readValues = SampleType(rawValue: 1 << 4)
        static let streamID = SampleType(rawValue: 1 << 9)
        static let task = SampleType(rawValue: 1 << 1)
        static let time = SampleType(rawValue: 1 << 2)
        static let userRegisters = SampleType(rawValue: 1 << 12)
        static let userStack = SampleType(rawValue: 1 << 13)

        /// How many of these fields, each of 8 bytes, the event has.
        func count(of fields: SampleType...) -> Int {
            fields.count { contains($0) }
        }
    }

    /// Reads the structure, which says its own size: older ones are shorter.
    init(_ cursor: inout FieldCursor) throws(PerfRecordFlaw) {
        var fields = cursor
        let type = try fields.take(UInt32.self)
        let size = try fields.take(UInt32.self)
        var rest = try cursor.head(byteCount: UInt64(size))
        try rest.skip(8)
        number = (type, try rest.take())
        let period = try rest.take(UInt64.self)
        sampleType = SampleType(rawValue: try rest.take())
        readFormat = try rest.take()
        let flags = try rest.take(UInt64.self)
        self.period = flags & Self.isFrequency == 0 ? period : 0
        hasSampleIDs = flags & Self.sampleIDAll != 0
        try rest.skip(24)
        // The first version of the structure ends here.
        branchSampleType = rest.isAtEnd ? 0 : try rest.take()
        userRegisters = rest.isAtEnd ? 0 : try rest.take()
    }

    private static let isFrequency: UInt64 = 1 << 10
    private static let sampleIDAll: UInt64 = 1 << 18

    /// Bytes at the end of records other than samples.
    var trailerSize: Int {
        hasSampleIDs ? 8 * sampleType.count(of: .task, .time, .id, .streamID, .cpu, .identifier) : 0
    }

    /// The bytes behind a sample's header that hold its time and its event's id, whatever else is recorded: they come
    /// first, and in front of the id are at most four other fields.
    static let sampleHeadSize = 5 * 8

    /// Where a sample's time is, in bytes behind its header; nil if it has none.
    var timeOffsetInSample: Int? {
        sampleType.contains(.time) ? 8 * sampleType.count(of: .identifier, .instruction, .task) : nil
    }

    /// Where the time is in the trailer of another record.
    var timeOffsetInTrailer: Int? {
        hasSampleIDs && sampleType.contains(.time) ? 8 * sampleType.count(of: .task) : nil
    }

    /// Where a sample's event id is, in bytes behind its header.
    var idOffsetInSample: Int? {
        if sampleType.contains(.identifier) { return 0 }
        return sampleType.contains(.id)
            ? 8 * sampleType.count(of: .instruction, .task, .time, .address) : nil
    }

    /// Where the event id is in the trailer of another record, in bytes before the record's end.
    var idOffsetFromEnd: Int? {
        if sampleType.contains(.identifier) { return 8 }
        return sampleType.contains(.id) ? 8 * (1 + sampleType.count(of: .streamID, .cpu)) : nil
    }
}

/// All events of a file.
struct EventTable {
    struct Event {
        let attributes: EventAttributes
        var name: String
    }

    private(set) var events: [Event] = []
    private var indexOfID: [UInt64: Int] = [:]

    mutating func add(_ attributes: EventAttributes, ids: some Sequence<UInt64>) {
        let (type, config) = attributes.number
        events.append(Event(attributes: attributes, name: "\(type):0x\(String(config, radix: 16))"))
        for id in ids { indexOfID[id] = events.count - 1 }
    }

    /// Names the events, which the list has in their order.
    mutating func name(_ names: [String]) {
        for (index, name) in names.enumerated() where index < events.count && !name.isEmpty {
            events[index].name = name
        }
    }

    /// Throws if samples cannot be understood.
    func check() throws(PerfDataError) {
        guard let first = events.first?.attributes else { throw .damaged("it describes no events") }
        guard
            events.contains(where: { $0.attributes.sampleType.isSuperset(of: [.userRegisters, .userStack]) })
        else { throw .noUserStacks }
        let areDistinct = events.allSatisfy {
            $0.attributes.idOffsetInSample == first.idOffsetInSample
                && $0.attributes.idOffsetFromEnd == first.idOffsetFromEnd
                && $0.attributes.hasSampleIDs == first.hasSampleIDs
        }
        guard events.count == 1 || areDistinct && first.idOffsetInSample != nil else {
            throw .indistinctEvents
        }
    }

    /// What the event of a sample records, by what is behind the sample's header.
    func attributes(ofSample body: FieldCursor) throws(PerfRecordFlaw) -> EventAttributes {
        events[try index(ofSample: body)].attributes
    }

    /// The event of a sample, by what is behind the sample's header.
    func index(ofSample body: FieldCursor) throws(PerfRecordFlaw) -> Int {
        guard let offset = try first.idOffsetInSample, events.count > 1 else { return 0 }
        var field = body
        try field.skip(UInt64(offset))
        return try index(ofID: field.take())
    }

    /// What the event of another record records.
    func attributes(ofTrailerIn body: FieldCursor) throws(PerfRecordFlaw) -> EventAttributes {
        let first = try first
        guard first.hasSampleIDs, let offset = first.idOffsetFromEnd, events.count > 1 else { return first }
        var rest = body
        var field = try rest.split(last: offset)
        return events[try index(ofID: field.take())].attributes
    }

    private var first: EventAttributes {
        get throws(PerfRecordFlaw) {
            guard let first = events.first else { throw .unknownEvent(0) }
            return first.attributes
        }
    }

    private func index(ofID id: UInt64) throws(PerfRecordFlaw) -> Int {
        // What perf made up itself has no event.
        if id == 0 { return 0 }
        guard let index = indexOfID[id] else { throw .unknownEvent(id) }
        return index
    }
}
