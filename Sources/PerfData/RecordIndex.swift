// SPDX-License-Identifier: Apache-2.0

/// Where the records of a file are, in the order of their times.
///
/// perf writes what it finds in the buffer of one CPU after the other, so that the records of a
/// file are in no order. Only what is needed to sort them is kept: 16 bytes a record.
struct RecordIndex {
    struct Entry {
        let time: UInt64
        /// Offset in the file above the record's 16 bits of size.
        private let place: UInt64

        init(time: UInt64, offset: UInt64, size: UInt16) {
            self.time = time
            place = offset << 16 | UInt64(size)
        }

        var offset: UInt64 { place >> 16 }
        var size: Int { Int(place & 0xffff) }

        static func isBefore(_ one: Entry, _ other: Entry) -> Bool {
            one.time != other.time ? one.time < other.time : one.place < other.place
        }
    }

    private(set) var entries: [Entry] = []
    /// Records that the kernel had no room for.
    private(set) var lost: UInt64 = 0
    /// Where a symbol of the kernel was; nil if it is not told.
    private(set) var kernelReference: KernelReference?
    private(set) var damages = PerfDamages()

    /// Reads through all records once, but not through the stacks of samples, which are most of a file. Those of a
    /// stream also tell what the header does of others.
    init(_ file: InputFile, _ header: inout FileHeader) throws(PerfDataError) {
        var window = ReadWindow(file)
        var offset = header.records.lowerBound
        let end = min(header.records.upperBound, file.size)
        while offset < end {
            guard let (record, body) = try Self.record(at: offset, before: end, &window) else { break }
            do {
                let data = try add(record, body, at: offset, &header)
                offset += UInt64(record.size)
                guard data <= end - offset else { break }
                offset += data
            } catch let error as PerfDataError {
                throw error
            } catch {
                damages.add(
                    error as? PerfRecordFlaw ?? .pastEnd, at: offset, skipping: UInt64(record.size))
                offset += UInt64(record.size)
            }
        }
        if offset < header.records.upperBound {
            damages.add(.badSize, at: offset, skipping: max(end, offset) - offset)
        }
        try header.events.check()
        entries.sort(by: Entry.isBefore)
    }

    /// A record, and the fields behind its header, of a sample the first ones; nil if its size cannot be.
    private static func record(
        at offset: UInt64, before end: UInt64, _ window: inout ReadWindow
    ) throws(PerfDataError) -> (RecordPrefix, FieldCursor)? {
        guard let record = try prefix(at: offset, &window), UInt64(record.size) <= end - offset else {
            return nil
        }
        let isSample = record.type == RecordType.sample.rawValue
        let size =
            isSample
            ? min(Int(record.size), RecordPrefix.byteCount + EventAttributes.sampleHeadSize)
            : Int(record.size)
        guard var body = try window.cursor(at: offset, count: size),
            (try? body.skip(UInt64(RecordPrefix.byteCount))) != nil
        else { return nil }
        return (record, body)
    }

    /// Its cursor is gone when the window moves, which would copy bytes that somebody holds.
    private static func prefix(
        at offset: UInt64, _ window: inout ReadWindow
    ) throws(PerfDataError) -> RecordPrefix? {
        guard var head = try window.cursor(at: offset, count: RecordPrefix.byteCount) else { return nil }
        return try? RecordPrefix(&head)
    }

    /// Takes in a record; returns how many bytes of data come between it and the next one.
    private mutating func add(
        _ record: RecordPrefix, _ body: FieldCursor, at offset: UInt64, _ header: inout FileHeader
    ) throws -> UInt64 {
        var body = body
        switch RecordType(rawValue: record.type) {
        case .mmap where record.mode == .kernel, .mmap2 where record.mode == .kernel:
            kernelReference = try KernelReference(record, body) ?? kernelReference
        case .mmap, .comm, .exit, .fork, .mmap2:
            let time = try Self.time(inTrailerOf: body, header.events)
            entries.append(Entry(time: time, offset: offset, size: record.size))
        case .sample:
            let time = try Self.time(inSample: body, header.events)
            entries.append(Entry(time: time, offset: offset, size: record.size))
        case .lost:
            try body.skip(8)
            lost = lost &+ (try body.take())
        case .lostSamples: lost = lost &+ (try body.take())
        case .auxiliaryTrace: return try body.take()
        case .compressed, .compressed2: throw PerfDataError.compressed
        case .tracingData where header.isStream:
            return (UInt64(try body.take(UInt32.self)) + 7) & ~7
        case .attributes where header.isStream:
            let attributes = try EventAttributes(&body)
            header.events.add(attributes, ids: try body.takeIDs(body.count / 8))
        case .buildID where header.isStream: try header.buildIDs.addEntry(record, &body)
        case .feature where header.isStream:
            try header.read(feature: try body.take(), &body)
        default: break
        }
        return 0
    }

    private static func time(
        inSample body: FieldCursor, _ events: EventTable
    ) throws(PerfRecordFlaw) -> UInt64 {
        var field = body
        let attributes = try events.attributes(ofSample: body)
        guard let offset = attributes.timeOffsetInSample else { return 0 }
        try field.skip(UInt64(offset))
        return try field.take()
    }

    private static func time(
        inTrailerOf body: FieldCursor, _ events: EventTable
    ) throws(PerfRecordFlaw) -> UInt64 {
        var record = body
        let attributes = try events.attributes(ofTrailerIn: body)
        guard let offset = attributes.timeOffsetInTrailer else { return 0 }
        var field = try record.split(last: attributes.trailerSize)
        try field.skip(UInt64(offset))
        return try field.take()
    }
}
