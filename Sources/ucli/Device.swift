// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import DumpRecords
import SystemPackage

/// The module's device, open for reading records.
struct Device: ~Copyable {
    private let file: FileDescriptor

    /// How long to wait for a dump that is being written, since it last grew.
    private static let patience = 10_000  // ms
    /// Room for the largest record, and for many of the usual size.
    private static let readSize = 8 * Int(VMON_RECORD_SIZE_MAX)

    init() throws(Failure) {
        do {
            file = try FileDescriptor.open(
                FilePath(VMON_DEVICE_PATH), .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw Self.failure(toOpen: error as? Errno)
        }
    }

    deinit {
        try? file.close()
    }

    /// Reads all records, and waits for the end of a dump that has begun.
    ///
    /// They stay in the module's buffer until ``release(upTo:)``.
    ///
    /// - Parameter keep: is given the records' bytes, each of which also goes into the recording.
    func readRecording(
        _ keep: (_ bytes: [UInt8]) throws(Failure) -> Void = { _ in }
    ) throws(Failure) -> Recording {
        var recording = Recording()
        while true {
            while let bytes = try readBytes() {
                try keep(bytes)
                recording.append(bytes)
            }
            guard recording.unfinishedDump != nil, try waitForRecords() else { return recording }
        }
    }

    /// Gives the buffer's space back, up to and with the record of that number.
    func release(upTo sequence: UInt64) throws(Failure) {
        guard sequence > 0 else { return }
        let result = vmon_ioctl_release(file.rawValue, sequence)
        if result < 0 {
            throw .cannotRead(
                "the buffer could not be emptied, so the next report has these dumps again: "
                    + Errno(rawValue: -result).description)
        }
    }

    /// Has a dump made now, with all threads of a process if one is named; returns its number.
    func requestDump(pid: UInt32?) throws(Failure) -> UInt64 {
        guard let id = try requestDumpIfThereIsRoom(pid: pid) else { throw .cannotRead(Self.noRoom) }
        return id
    }

    static let noRoom = "the buffer has no room for a dump; print what is there with ucli"

    /// Nil if the buffer is full.
    func requestDumpIfThereIsRoom(pid: UInt32?) throws(Failure) -> UInt64? {
        var request = vmon_dump_request()
        guard let number = Int32(exactly: pid ?? 0) else {
            throw .noInput("there is no process \(pid ?? 0)")
        }
        request.pid = number
        let result = unsafe vmon_ioctl_dump(file.rawValue, &request)
        switch Errno(rawValue: -result) {
        case _ where result == 0: return request.dump_id
        case .noSuchProcess: throw .noInput("there is no process \(number)")
        case .noBufferSpace: return nil
        case .resourceBusy: throw .cannotRead("too many dumps wait to be made; try again")
        case let error: throw .cannotRead("no dump could be made: \(error)")
        }
    }

    enum Event {
        case records
        /// The program is to end.
        case stop
        case timeout
    }

    /// Waits until something happens; -1 for as long as it takes.
    func wait(orStop stop: StopSignal, milliseconds: Int = -1) throws(Failure) -> Event {
        do {
            let ready = try poll([file, stop.descriptor], milliseconds: milliseconds)
            if ready.contains(stop.descriptor.rawValue) { return .stop }
            return ready.isEmpty ? .timeout : .records
        } catch {
            throw .cannotRead("\(VMON_DEVICE_PATH) cannot be polled: \(error)")
        }
    }

    /// Whole records; nil if there are no more for now.
    private func readBytes() throws(Failure) -> [UInt8]? {
        do {
            let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
                count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            return bytes.isEmpty ? nil : bytes
        } catch Errno.wouldBlock {
            return nil
        } catch Errno.notPermitted {
            throw Self.noPermission
        } catch {
            throw .cannotRead("\(VMON_DEVICE_PATH) cannot be read: \(error)")
        }
    }

    /// Waits until there are records; false if none came for too long.
    private func waitForRecords() throws(Failure) -> Bool {
        do {
            return try poll(file, for: .readable, milliseconds: Self.patience)
        } catch {
            throw .cannotRead("\(VMON_DEVICE_PATH) cannot be polled: \(error)")
        }
    }

    static func failure(toOpen error: Errno?) -> Failure {
        switch error {
        case .noSuchFileOrDirectory, .operationNotSupportedByDevice, .noSuchAddressOrDevice:
            .noDevice(
                "there is no \(VMON_DEVICE_PATH); load the module first: insmod kmod/variable_monitor.ko")
        case .permissionDenied, .notPermitted: noPermission
        default: .noDevice("\(VMON_DEVICE_PATH) cannot be opened: \(error?.description ?? "")")
        }
    }

    private static let noPermission = Failure.noPermission(
        "no permission to read \(VMON_DEVICE_PATH); it takes CAP_SYS_ADMIN, or CAP_PERFMON with "
            + "CAP_SYS_PTRACE: run ucli as root")
}
