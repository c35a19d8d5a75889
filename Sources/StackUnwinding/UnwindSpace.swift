// SPDX-License-Identifier: Apache-2.0
import CUnwind

/// libunwind's view of one address space, with its cache of unwinding rules.
///
/// This file is all that calls libunwind. The library calls back with the pointer that it was
/// given when the walk began; it stands for a target that is kept alive for the length of the
/// walk. Pointers for results are valid during the call back, which is how long they are used.
@safe struct UnwindSpace: ~Copyable {
    private let space: unw_addr_space_t

    private static let cachedRows = 1024

    enum Stop {
        case end(UserStack.End)
        /// Behind a frame that has no unwind information, but a frame pointer.
        case goOn(UnwindTarget)
    }

    init() {
        var callbacks = unsafe unw_accessors_t(
            find_proc_info: { space, address, info, needsRules, target in
                unsafe UnwindSpace.findRules(space, address, info, needsRules, target)
            },
            put_unwind_info: { _, _, _ in },
            get_dyn_info_list_addr: { _, _, _ in -Int32(UNW_ENOINFO.rawValue) },
            access_mem: { _, address, value, isWrite, target in
                guard isWrite == 0, let word = unsafe UnwindSpace.target(target).word(at: address) else {
                    return -Int32(UNW_EINVAL.rawValue)
                }
                unsafe value!.pointee = word
                return 0
            },
            access_reg: { _, number, value, isWrite, target in
                guard isWrite == 0, let register = unsafe UnwindSpace.target(target).register(number) else {
                    return -Int32(UNW_EBADREG.rawValue)
                }
                unsafe value!.pointee = register
                return 0
            },
            access_fpreg: { _, _, _, _, _ in -Int32(UNW_EBADREG.rawValue) },
            resume: { _, _, _ in -Int32(UNW_EINVAL.rawValue) },
            get_proc_name: nil)
        // Only without memory for a few hundred bytes does this fail, and then nothing goes.
        unsafe space = unsafe _Ux86_64_create_addr_space(&callbacks, 0)!
        unsafe _Ux86_64_set_caching_policy(space, UNW_CACHE_GLOBAL)
        // The first call has no effect on a new space.
        for _ in 0..<2 { unsafe _Ux86_64_set_cache_size(space, Self.cachedRows, 0) }
    }

    deinit {
        unsafe _Ux86_64_destroy_addr_space(space)
    }

    /// Walks from a target as far as there is unwind information, and appends the frames, leaf first.
    func walk(_ target: UnwindTarget, _ frames: inout [Frame], limit: Int) -> Stop {
        withExtendedLifetime(target) {
            var cursor = unw_cursor_t()
            let argument = unsafe Unmanaged.passUnretained(target).toOpaque()
            guard unsafe _Ux86_64_init_remote(&cursor, space, argument) == 0 else { return .end(.unreadable) }
            var isCaller = target.beginsAtReturnAddress
            var lastStackPointer: UInt64 = 0
            while true {
                let address = Self.register(UNW_X86_64_RIP, of: &cursor)
                let stackPointer = Self.register(UNW_X86_64_RSP, of: &cursor)
                let framePointer = Self.register(UNW_X86_64_RBP, of: &cursor)
                // libunwind tells so of the frame that a signal stopped, not of the trampoline before it.
                let isInterrupted = unsafe _Ux86_64_is_signal_frame(&cursor) > 0
                if isInterrupted, let trampoline = frames.popLast() {
                    frames.append(Frame(address: trampoline.address, isReturnAddress: false))
                } else if isCaller, !target.isCode(address) || stackPointer <= lastStackPointer {
                    // Callers are code, and further up, for stacks grow down; only handlers may
                    // have a stack of their own.
                    return .end(.unreadable)
                }
                guard frames.count < limit else { return .end(.tooDeep) }
                let isStopped = !isCaller || isInterrupted
                frames.append(Frame(address: address, isReturnAddress: !isStopped))

                let result = unsafe _Ux86_64_step(&cursor)
                if result == Self.noRules {
                    let caller = target.caller(framePointer: framePointer, stackPointer: stackPointer)
                    return caller.map(Stop.goOn) ?? .end(.noRules)
                }
                if result == 0 { return .end(.complete) }
                if result < 0 { return .end(target.endAfterFailure) }
                isCaller = true
                // Where a task was stopped, it may have the return address in a register, as vfork()
                // has: then its caller's stack begins at the same place.
                lastStackPointer = stackPointer &- (isStopped ? 1 : 0)
            }
        }
    }

    /// Ends a step where there is no unwind information. The error for that, `UNW_ENOINFO`, makes
    /// libunwind guess, and it guesses wrong: it loses the stack pointer along frame pointers, and
    /// takes what is at the stack pointer for a return address when it cannot read the code.
    private static let noRules = -Int32(UNW_ESTOPUNWIND.rawValue)

    private static func findRules(
        _ space: unw_addr_space_t?, _ address: UInt64, _ info: UnsafeMutablePointer<unw_proc_info_t>?,
        _ needsRules: Int32, _ argument: UnsafeMutableRawPointer?
    ) -> Int32 {
        let target = unsafe target(argument)
        var address = address
        // libunwind does this itself, except at the beginning of a walk.
        if target.beginsAtReturnAddress, address == target.register(Int32(UNW_X86_64_RIP.rawValue)) {
            address &-= 1
        }
        var result = -Int32(UNW_ENOINFO.rawValue)
        if let table = target.unwindTable(for: address) {
            var search = unsafe unw_dyn_info_t(table)
            result = unsafe _Ux86_64_dwarf_search_unwind_table(
                space, address, &search, info, needsRules, argument)
        }
        return result == -Int32(UNW_ENOINFO.rawValue) ? noRules : result
    }

    private static func register(_ register: x86_64_regnum_t, of cursor: inout unw_cursor_t) -> UInt64 {
        var value: UInt64 = 0
        unsafe _Ux86_64_get_reg(&cursor, Int32(register.rawValue), &value)
        return value
    }

    private static func target(_ argument: UnsafeMutableRawPointer?) -> UnwindTarget {
        unsafe Unmanaged<UnwindTarget>.fromOpaque(argument!).takeUnretainedValue()
    }
}

extension unw_dyn_info_t {
    fileprivate init(_ table: UnwindTable) {
        unsafe self.init()
        unsafe start_ip = table.addresses.lowerBound
        unsafe end_ip = table.addresses.upperBound
        unsafe format = Int32(UNW_INFO_FORMAT_REMOTE_TABLE.rawValue)
        unsafe u.rti.segbase = table.start
        unsafe u.rti.table_data = table.start &+ UnwindTable.headerSize
        unsafe u.rti.table_len = table.wordCount
    }
}
