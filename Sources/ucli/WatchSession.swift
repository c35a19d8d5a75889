// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import SystemPackage

/// The module's device, open for watching. Its watches end with it, however this process ends.
struct WatchSession: ~Copyable {
    private let file: FileDescriptor

    init() throws(Failure) {
        do {
            file = try FileDescriptor.open(FilePath(VMON_DEVICE_PATH), .writeOnly, options: .closeOnExec)
        } catch {
            throw Device.failure(toOpen: error as? Errno)
        }
    }

    deinit {
        try? file.close()
    }

    /// Why a watch did not start.
    struct Refusal: Error {
        let failure: Failure
        /// Nothing is mapped there, or not for long enough: it may be different in a moment.
        let mayPass: Bool
    }

    /// The number of the watch.
    func start(_ request: vmon_watch_condition) throws(Refusal) -> UInt64 {
        var request = request
        let result = unsafe vmon_ioctl_watch_condition(file.rawValue, &request)
        if result == 0 { return request.watch.id }
        let error = Errno(rawValue: -result)
        throw Refusal(
            failure: Self.failure(error, request),
            mayPass: error == .badAddress || error == .resourceTemporarilyUnavailable)
    }

    /// Nil if the watch has ended.
    func state(ofWatch id: UInt64) -> vmon_watch_state? {
        var state = vmon_watch_state()
        state.id = id
        return unsafe vmon_ioctl_state(file.rawValue, &state) == 0 ? state : nil
    }

    /// Ends all its watches.
    func cancel() {
        _ = vmon_ioctl_cancel_all(file.rawValue)
    }

    private static func failure(_ error: Errno, _ request: vmon_watch_condition) -> Failure {
        let place = "0x" + String(request.watch.address, radix: 16)
        switch error {
        case .badAddress: return .noInput("nothing readable is mapped at \(place)")
        case .noSuchProcess:
            return .noInput("process \(request.watch.pid) is gone, or has no memory of its own")
        case .notPermitted:
            return .noPermission("process \(request.watch.pid) may not be watched: run ucli as root")
        case .improperLink:
            return .noInput(
                "the variable at \(place) crosses a cache line, so it cannot be read in one access")
        case .outOfRange:
            return Failure(
                message: "the module refuses --every, --ticks or --history: intervals go from its least one "
                    + "(1us for root) to an hour", exitCode: .init(64))
        case .noSpace:
            return .cannotRead("all timers of the module are in use: use an interval that others use, too")
        case .noMemory:
            return .cannotRead("no memory for one more watch: raise the limit of locked memory, ulimit -l")
        case .inappropriateIOCTLForDevice, .invalidArgument:
            return .cannotRead(
                "the module does not know this request: load the one that was built with this ucli")
        default: return .cannotRead("the watch could not be started: \(error)")
        }
    }
}
