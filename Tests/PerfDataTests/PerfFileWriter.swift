// SPDX-License-Identifier: Apache-2.0

/// Writes files as perf does, from the layouts in the kernel's `perf_event.h` and in perf's
/// documentation of its file format.
struct PerfFileWriter {
    var records: [UInt8] = []
    /// Features by their bits, in ascending order.
    var features: [(bit: Int, contents: [UInt8])] = []
    var sampleType: UInt64 = PerfFileWriter.usualSampleType
    /// Ids of each event; one event for each.
    var eventIDs: [[UInt64]] = [[]]
    var magic: UInt64 = 0x3245_4c49_4652_4550

    /// IP, TID, TIME, CALLCHAIN, REGS_USER, STACK_USER
    static let usualSampleType: UInt64 = 0x3027
    /// BP, SP and IP
    static let registerMask: UInt64 = 0x1c0

    /// Appends a record with a header.
    mutating func append(type: UInt32, flags: UInt16 = 0, _ body: [UInt8]) {
        records += bytes(type) + bytes(flags) + bytes(UInt16(8 + body.count)) + body
    }

    /// Behind records other than samples: TID and TIME, and ID of the first event.
    private func trailer(_ time: UInt64) -> [UInt8] {
        bytes(UInt64(0)) + bytes(time) + field(Self.idBit, eventIDs[0].first ?? 0)
    }

    static let addressBit: UInt64 = 1 << 3
    static let idBit: UInt64 = 1 << 6

    private func field(_ bit: UInt64, _ value: UInt64) -> [UInt8] {
        sampleType & bit == 0 ? [] : bytes(value)
    }

    mutating func map(
        _ time: UInt64, pid: UInt32, _ addresses: Range<UInt64>, offset: UInt64 = 0, _ path: String,
        flags: UInt16 = 2
    ) {
        let text = Array(path.utf8)
        let padding = [UInt8](repeating: 0, count: 8 - text.count % 8)
        append(
            type: 1, flags: flags,
            bytes(pid) + bytes(pid) + bytes(addresses.lowerBound)
                + bytes(addresses.upperBound &- addresses.lowerBound) + bytes(offset) + text + padding
                + trailer(time))
    }

    mutating func name(_ time: UInt64, pid: UInt32, tid: UInt32, _ name: String, isExec: Bool = false) {
        let text = Array(name.utf8)
        append(
            type: 3, flags: isExec ? 1 << 13 : 0,
            bytes(pid) + bytes(tid) + text + [UInt8](repeating: 0, count: 16 - text.count) + trailer(time))
    }

    mutating func fork(_ time: UInt64, pid: UInt32, parent: UInt32, flags: UInt16 = 0) {
        append(
            type: 7, flags: flags,
            bytes(pid) + bytes(parent) + bytes(pid) + bytes(parent) + bytes(time) + trailer(time))
    }

    mutating func exit(_ time: UInt64, pid: UInt32) {
        append(
            type: 4,
            bytes(pid) + bytes(UInt32(1)) + bytes(pid) + bytes(UInt32(1)) + bytes(time) + trailer(time))
    }

    mutating func sample(
        _ time: UInt64, pid: UInt32, chain: [UInt64] = [], abi: UInt64 = 2, stack: [UInt8] = [],
        used: UInt64? = nil, eventID: UInt64 = 0
    ) {
        let registers = abi == 0 ? [] : bytes(UInt64(0xb0)) + bytes(UInt64(0x7000)) + bytes(UInt64(0x1234))
        let copy = stack.isEmpty ? [] : stack + bytes(used ?? UInt64(stack.count))
        append(
            type: 9,
            bytes(UInt64(0x1234)) + bytes(pid) + bytes(pid) + bytes(time) + field(Self.addressBit, 0)
                + field(Self.idBit, eventID) + bytes(UInt64(chain.count)) + chain.flatMap(bytes) + bytes(abi)
                + registers + bytes(UInt64(stack.count)) + copy)
    }

    func file() -> [UInt8] {
        let headerSize: UInt64 = 104
        let attributes = eventIDs.indices.map(attribute)
        var ids: [UInt8] = []
        var table: [UInt8] = []
        let idStart = headerSize + UInt64(attributes.count * 144)
        for (attribute, list) in zip(attributes, eventIDs) {
            table += attribute + bytes(idStart + UInt64(ids.count)) + bytes(UInt64(list.count * 8))
            ids += list.flatMap(bytes)
        }
        let dataStart = idStart + UInt64(ids.count)
        var bits = [UInt8](repeating: 0, count: 32)
        var places: [UInt8] = []
        var contents: [UInt8] = []
        let featureStart = dataStart + UInt64(records.count + features.count * 16)
        for feature in features {
            bits[feature.bit / 8] |= 1 << (feature.bit % 8)
            places += bytes(featureStart + UInt64(contents.count)) + bytes(UInt64(feature.contents.count))
            contents += feature.contents
        }
        return bytes(magic) + bytes(headerSize) + bytes(UInt64(144)) + bytes(headerSize)
            + bytes(UInt64(table.count)) + bytes(dataStart) + bytes(UInt64(records.count))
            + bytes(UInt64(0)) + bytes(UInt64(0)) + bits + table + ids + records + places + contents
    }

    /// `struct perf_event_attr` of 128 bytes: a software event with sample_id_all.
    private func attribute(_ index: Int) -> [UInt8] {
        var attribute = bytes(UInt32(1)) + bytes(UInt32(128)) + bytes(UInt64(3 + index)) + bytes(UInt64(7))
        attribute += bytes(sampleType) + bytes(UInt64(0)) + bytes(UInt64(1 << 18))
        attribute += [UInt8](repeating: 0, count: 32) + bytes(Self.registerMask) + bytes(UInt32(64))
        return attribute + [UInt8](repeating: 0, count: 128 - attribute.count)
    }

    /// A text as features hold it.
    static func text(_ string: String) -> [UInt8] {
        let text = Array(string.utf8) + [0]
        return bytes(UInt32(text.count)) + text
    }
}

func bytes<Integer: FixedWidthInteger>(_ integer: Integer) -> [UInt8] {
    stride(from: 0, to: Integer.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: integer >> Integer($0)) }
}
