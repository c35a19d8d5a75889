// SPDX-License-Identifier: Apache-2.0
import DumpRecords

/// The fields of one sample that are used.
struct SampleFields {
    private(set) var pid: UInt32 = 0
    private(set) var tid: UInt32 = 0
    private(set) var time: UInt64 = 0
    private(set) var cpu: UInt32 = 0
    private(set) var period: UInt64
    /// Leaf first.
    private(set) var kernelFrames: [UInt64] = []
    private(set) var registerSet = RegisterSet.none
    private(set) var registers: Registers?
    /// The copy of the stack from the stack pointer on.
    private(set) var stack: ArraySlice<UInt8> = []
    /// The copy is as large as was asked for: the stack may go on.
    private(set) var isStackFull = false

    /// `enum perf_sample_regs_abi`.
    enum RegisterSet: UInt64 {
        /// A kernel thread.
        case none
        case code32
        case code64
    }

    /// Reads what is behind a sample's header. The order of the fields is that of the kernel.
    init(_ cursor: FieldCursor, _ attributes: EventAttributes) throws(PerfRecordFlaw) {
        var fields = cursor
        let type = attributes.sampleType
        period = attributes.period
        if type.contains(.identifier) { try fields.skip(8) }
        if type.contains(.instruction) { try fields.skip(8) }
        if type.contains(.task) { (pid, tid) = (try fields.take(), try fields.take()) }
        if type.contains(.time) { time = try fields.take() }
        if type.contains(.address) { try fields.skip(8) }
        if type.contains(.id) { try fields.skip(8) }
        if type.contains(.streamID) { try fields.skip(8) }
        if type.contains(.cpu) {
            cpu = try fields.take()
            try fields.skip(4)
        }
        if type.contains(.period) { period = try fields.take() }
        if type.contains(.readValues) { try fields.skipReadValues(attributes.readFormat) }
        if type.contains(.callChain) { kernelFrames = try fields.takeKernelFrames() }
        if type.contains(.raw) { try fields.skip(UInt64(fields.take(UInt32.self))) }
        if type.contains(.branchStack) { try fields.skipBranches(attributes.branchSampleType) }
        if type.contains(.userRegisters) { try takeRegisters(&fields, attributes.userRegisters) }
        if type.contains(.userStack) { try takeStack(&fields) }
    }

    private mutating func takeRegisters(_ fields: inout FieldCursor, _ mask: UInt64) throws(PerfRecordFlaw) {
        guard let set = RegisterSet(rawValue: try fields.take()), set != .none else { return }
        registerSet = set
        var registers = Registers()
        for number in 0..<UInt64.bitWidth where mask & 1 << UInt64(number) != 0 {
            registers.set(number, to: try fields.take())
        }
        // Without the stack pointer and the instruction pointer there is nothing to begin at.
        let needed: UInt64 = 1 << 7 | 1 << 8
        if mask & needed == needed { self.registers = registers }
    }

    private mutating func takeStack(_ fields: inout FieldCursor) throws(PerfRecordFlaw) {
        let size = try fields.take(UInt64.self)
        guard size > 0 else { return }
        let copy = try fields.take(byteCount: size)
        let used = try fields.take(UInt64.self)
        isStackFull = used >= size
        stack = copy.prefix(Int(min(used, size)))
    }
}

extension Registers {
    /// By the numbers of `enum perf_event_x86_regs`; other segments are not kept.
    fileprivate mutating func set(_ number: Int, to value: UInt64) {
        switch number {
        case 0: rax = value
        case 1: rbx = value
        case 2: rcx = value
        case 3: rdx = value
        case 4: rsi = value
        case 5: rdi = value
        case 6: rbp = value
        case 7: rsp = value
        case 8: rip = value
        case 9: eflags = value
        case 10: cs = value
        case 11: ss = value
        case 16: r8 = value
        case 17: r9 = value
        case 18: r10 = value
        case 19: r11 = value
        case 20: r12 = value
        case 21: r13 = value
        case 22: r14 = value
        case 23: r15 = value
        default: break
        }
    }
}

extension FieldCursor {
    /// Of the chain only the kernel's part: markers tell where a part begins.
    fileprivate mutating func takeKernelFrames() throws(PerfRecordFlaw) -> [UInt64] {
        let length = try take(UInt64.self)
        guard length <= UInt64(count) / 8 else { throw .pastEnd }
        var frames: [UInt64] = []
        var isKernel = false
        for _ in 0..<length {
            let address = try take(UInt64.self)
            if address >= Self.firstMarker {
                isKernel = address == Self.kernelMarker
            } else if isKernel {
                frames.append(address)
            }
        }
        return frames
    }

    /// `PERF_CONTEXT_KERNEL`
    private static var kernelMarker: UInt64 { UInt64(bitPattern: -128) }
    /// `PERF_CONTEXT_MAX`
    private static var firstMarker: UInt64 { UInt64(bitPattern: -4095) }

    /// Counters (`struct read_format`, which depends on the event's format).
    fileprivate mutating func skipReadValues(_ format: UInt64) throws(PerfRecordFlaw) {
        let times = UInt64((format & 3).nonzeroBitCount)
        // Each value may have an id and a number of lost samples.
        let value = UInt64(1 + (format & 20).nonzeroBitCount)
        let isGroup = format & 8 != 0
        guard isGroup else { return try skip(words: times + value) }
        let members = try take(UInt64.self)
        try skip(words: times)
        guard members <= UInt64(count) / 8 else { throw .pastEnd }
        try skip(words: members * value)
    }

    fileprivate mutating func skipBranches(_ branchType: UInt64) throws(PerfRecordFlaw) {
        let branches = try take(UInt64.self)
        guard branches <= UInt64(count) / 8 else { throw .pastEnd }
        let (hasIndex, hasCounters) = (branchType & 1 << 17 != 0, branchType & 1 << 19 != 0)
        try skip(words: (hasIndex ? 1 : 0) + branches * (hasCounters ? 4 : 3))
    }
}
