# SPDX-License-Identifier: Apache-2.0
"""The kernel ABI as Python sees it, written down independently of the C header.

test_abi.py compares the two; every other test uses this one.
"""

import ctypes
import errno
import fcntl
import os
import struct
from types import SimpleNamespace

DEVICE = "/dev/variable_monitor"
RECORD_SIZE_MAX = 131072
MAGIC = 0x4D56

GREATER, LESS, EQUAL, NOT_EQUAL, OUTSIDE, CHANGED, CHANGED_BY, UNCHANGED, BITS_ANY, BITS_ALL = range(10)
UNSIGNED, FLOAT, REARM = 1, 2, 4
HISTORY_MAX, TICKS_MAX = 4096, 1_000_000
MUTED, DISARMED, UNREADABLE = 1, 2, 4
KNOWN_PREVIOUS = 1
(DUMP_BEGIN, HIT, TASK, PROCESS, MAPPINGS, DUMP_END, LOST, WATCH_END, HANG, CONDITION,
 HISTORY, BLOCKED) = range(1, 13)
HIT_REASON, REQUEST_REASON, HANG_REASON = 1, 2, 4
KERNEL_THREAD, REGISTERS, ON_CPU, STALE, CODE_32BIT = 1, 2, 4, 8, 16
USER_TRUNCATED, HIT_TASK = 128, 256
UNMAPPED, EXITED, NO_MEMORY = 1, 2, 3
MAPPINGS_BUSY, MAPPINGS_TRUNCATED = 1, 2
MUTEX, RWSEM_READ, RWSEM_WRITE, SEMAPHORE, RT_MUTEX, SPINLOCK, FUTEX = range(1, 8)
OWNER, OWNER_EXITED, READERS, QUEUE, QUEUE_TRUNCATED, FUTEX_CALL, FUTEX_WORDS, FUTEX_PIDS = (
    1 << bit for bit in range(8))


class Layout:
    """A struct: its fields as `name:format`, in order; those named reserved… must be zero."""

    def __init__(self, fields):
        self.fields = [tuple(field.split(":")) for field in fields.split()]
        self.struct = struct.Struct("=" + "".join(code for _, code in self.fields))
        self.size = self.struct.size

    def offsets(self):
        """Name, offset and size of each field."""
        at = 0
        for name, code in self.fields:
            size = struct.calcsize("=" + code)
            yield name, at, size
            at += size

    def pack(self, **values):
        return self.struct.pack(*(self._value(name, code, values) for name, code in self.fields))

    @staticmethod
    def _value(name, code, values):
        value = values.pop(name, b"" if code.endswith("s") else 0)
        return value & 0xFFFFFFFFFFFFFFFF if code == "Q" else value

    def unpack(self, data, at=0):
        found = SimpleNamespace()
        for (name, code), value in zip(self.fields, self.struct.unpack_from(data, at)):
            if name.startswith("reserved"):
                assert not any(value) if code.endswith("s") else value == 0, f"{name} is {value}"
            elif name in ("name", "comm", "running_comm", "owner_comm"):
                text, _, rest = value.partition(b"\0")
                assert not rest.strip(b"\0"), f"bytes after the end of {name}: {value}"
                found.__dict__[name] = text.decode()
            else:
                found.__dict__[name] = value
        return found


WATCH = Layout(
    "address:Q threshold:Q interval_ns:Q id:Q pid:i length:B comparison:B flags:B reserved0:B"
    " name:16s reserved:16s"
)
WATCH_CONDITION = Layout(
    "address:Q threshold:Q interval_ns:Q id:Q pid:i length:B comparison:B flags:B reserved0:B"
    " name:16s reserved:16s high:Q rearm:Q ticks:I history:I reserved1:24s"
)
CHANGE = Layout("id:Q threshold:Q high:Q rearm:Q reserved:16s")
STATE = Layout(
    "id:Q hits:Q muted_ticks:Q timer_ticks:Q throttled_ticks:Q interval_ns:Q current_interval_ns:Q"
    " flags:I reserved:I"
)
LIST = Layout("ids:Q capacity:I count:I")
SAMPLE = Layout("time_ns:Q value:Q")
DUMP_REQUEST = Layout("dump_id:Q pid:i reserved:I")
HEADER = "magic:H type:H size:I sequence:Q time_ns:Q dump_id:Q cpu:I reserved:I "
RECORD = Layout(HEADER)
REGISTER_NAMES = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss"
).split()
REGISTER_FIELDS = "".join(f"{name}:Q " for name in REGISTER_NAMES)
BODIES = {
    DUMP_BEGIN: Layout(HEADER + "realtime_ns:Q reason:I hits:I"),
    HIT: Layout(
        HEADER + "watch_id:Q address:Q value:Q threshold:Q muted_ticks:Q interval_ns:Q tick_ns:Q"
        " tick_realtime_ns:Q running_ip:Q running_pid:I tick_cpu:I pid:I length:B comparison:B"
        " flags:B reserved0:B name:16s running_comm:16s"
    ),
    TASK: Layout(
        HEADER + "start_time_ns:Q pid:I tgid:I comm:16s flags:I state:B reserved0:3s"
        " address_space:Q wait_channel:Q " + REGISTER_FIELDS +
        "stack_start:Q stack_bytes:I stack_missing:I kernel_frames:I cgroup_bytes:I"
    ),
    PROCESS: Layout(
        HEADER + "start_time_ns:Q pid:I parent_pid:I comm:16s command_line_bytes:I reserved1:I"
    ),
    MAPPINGS: Layout(HEADER + "address_space:Q tgid:I flags:I count:I reserved1:I"),
    DUMP_END: Layout(
        HEADER + "first_capture_ns:Q last_capture_ns:Q duration_ns:Q tasks_seen:I tasks_captured:I skipped_limit:I skipped_time:I"
        " skipped_exited:I skipped_full:I"
    ),
    LOST: Layout(HEADER + "count:Q first_sequence:Q last_sequence:Q"),
    WATCH_END: Layout(HEADER + "watch_id:Q address:Q pid:I reason:I name:16s"),
    HANG: Layout(HEADER + "start_time_ns:Q pid:I tgid:I comm:16s"),
    CONDITION: Layout(
        HEADER + "watch_id:Q high:Q rearm:Q previous:Q previous_ns:Q unchanged_ns:Q ticks:I"
        " ticks_held:I known:I reserved1:I"
    ),
    HISTORY: Layout(
        HEADER + "watch_id:Q address:Q interval_ns:Q samples_before:Q pid:I count:I name:16s"
        " length:B comparison:B flags:B reserved0:B reserved1:I"
    ),
    BLOCKED: Layout(
        HEADER + "lock:Q waited_ns:Q owner_start_time_ns:Q futex:Q pid:I kind:I flags:I owner_pid:I owner_tgid:I"
        " readers:I queue_place:I waiters:I futex_operation:I futex_words:16s reserved1:I owner_comm:16s"
    ),
}
MAPPING = Layout(
    "start:Q end:Q offset:Q inode:Q device_major:I device_minor:I build_id:20s"
    " build_id_bytes:B reserved0:B path_bytes:H"
)


def _ioctl_number(direction, number, size):
    return direction << 30 | size << 16 | ord("v") << 8 | number


IOC_WATCH = _ioctl_number(3, 0x60, WATCH.size)
IOC_CANCEL = _ioctl_number(1, 0x61, 8)
IOC_CANCEL_ALL = _ioctl_number(0, 0x62, 0)
IOC_RELEASE = _ioctl_number(1, 0x63, 8)
IOC_DUMP = _ioctl_number(3, 0x64, DUMP_REQUEST.size)
IOC_WATCH_CONDITION = _ioctl_number(3, 0x65, WATCH_CONDITION.size)
IOC_CHANGE = _ioctl_number(1, 0x66, CHANGE.size)
IOC_STATE = _ioctl_number(3, 0x67, STATE.size)
IOC_LIST = _ioctl_number(3, 0x68, LIST.size)


class Parts:
    """What follows a struct: parts one after another, each padded with zeroes to 8 bytes."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def take(self, size):
        part = self.data[self.at:self.at + size]
        assert len(part) == size, "a part lies behind the end of its record"
        padding = self.data[self.at + size:self.at + size + -size % 8]
        assert not any(padding), "padding is not zero"
        self.at += size + -size % 8
        return part


def _decode_task(task, parts):
    task.state = chr(task.state)
    frames = parts.take(8 * task.kernel_frames)
    task.kernel = list(struct.unpack(f"={task.kernel_frames}Q", frames))
    task.stack = parts.take(task.stack_bytes)
    task.cgroup = parts.take(task.cgroup_bytes).decode()


def _decode_process(process, parts):
    process.command_line = parts.take(process.command_line_bytes)


def _decode_mappings(mappings, parts):
    mappings.entries = []
    for _ in range(mappings.count):
        mapping = MAPPING.unpack(parts.take(MAPPING.size))
        assert not any(mapping.build_id[mapping.build_id_bytes:])
        mapping.build_id = mapping.build_id[:mapping.build_id_bytes].hex()
        mapping.path = os.fsdecode(parts.take(mapping.path_bytes))
        mappings.entries.append(mapping)


def _decode_history(history, parts):
    data = parts.take(SAMPLE.size * history.count)
    history.samples = list(SAMPLE.struct.iter_unpack(data))


_DECODERS = {HISTORY: _decode_history, TASK: _decode_task, PROCESS: _decode_process, MAPPINGS: _decode_mappings}


def records_of(data):
    """All records of what one or more reads returned: whole ones, each checked."""
    found, at = [], 0
    while at < len(data):
        header = RECORD.unpack(data, at)
        assert header.magic == MAGIC
        assert header.size % 8 == 0 and RECORD.size <= header.size <= RECORD_SIZE_MAX
        assert at + header.size <= len(data), "half a record"
        record = BODIES[header.type].unpack(data, at)
        parts = Parts(data[at:at + header.size], BODIES[header.type].size)
        _DECODERS.get(header.type, lambda record, parts: None)(record, parts)
        assert parts.at == header.size, "bytes that belong to no part"
        found.append(record)
        at += header.size
    return found


def outcome(function, *arguments, **keywords):
    """The name of the errno that a call fails with; "success" if it does not."""
    try:
        function(*arguments, **keywords)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "success"


class Session:
    """An open device. Reads never block unless `flags` says so."""

    def __init__(self, mode=os.O_RDWR, flags=os.O_NONBLOCK | os.O_CLOEXEC, descriptor=None):
        self.descriptor = os.open(DEVICE, mode | flags) if descriptor is None else descriptor
        self.watched = []       # must stay where it is

    def request(self, **fields):
        """VMON_IOC_WATCH with exactly these fields; the watch's id."""
        argument = bytearray(WATCH.pack(**fields))
        fcntl.ioctl(self.descriptor, IOC_WATCH, argument, True)
        return WATCH.unpack(argument).id

    def watch(self, variable, threshold, *, less=False, interval_ns=1_000_000, name="temp", pid=0):
        """Watches a subjects.Variable."""
        self.watched.append(variable)
        return self.request(
            address=variable.address, threshold=threshold, interval_ns=interval_ns, pid=pid,
            length=variable.length, comparison=LESS if less else GREATER,
            flags=0 if variable.signed else UNSIGNED, name=name.encode(),
        )

    def request_condition(self, **fields):
        """VMON_IOC_WATCH_CONDITION with exactly these fields; the watch's id."""
        argument = bytearray(WATCH_CONDITION.pack(**fields))
        fcntl.ioctl(self.descriptor, IOC_WATCH_CONDITION, argument, True)
        return WATCH_CONDITION.unpack(argument).id

    def watch_condition(self, variable, comparison, threshold=0, *, flags=0, name="temp", **fields):
        """Watches a subjects.Variable; thresholds are given as the kernel takes them."""
        self.watched.append(variable)
        if not (variable.signed or flags & FLOAT):
            flags |= UNSIGNED
        return self.request_condition(**{
            "address": variable.address, "length": variable.length, "comparison": comparison,
            "threshold": threshold, "flags": flags, "name": name.encode(), "interval_ns": 1_000_000, **fields})

    def change(self, identifier, **fields):
        fcntl.ioctl(self.descriptor, IOC_CHANGE, CHANGE.pack(id=identifier, **fields))

    def state(self, identifier, **fields):
        argument = bytearray(STATE.pack(id=identifier, **fields))
        fcntl.ioctl(self.descriptor, IOC_STATE, argument, True)
        return STATE.unpack(argument)

    def list(self, capacity=4096):
        """The ids that fit, and how many there are."""
        ids = (ctypes.c_uint64 * capacity)()
        argument = bytearray(LIST.pack(ids=ctypes.addressof(ids), capacity=capacity))
        fcntl.ioctl(self.descriptor, IOC_LIST, argument, True)
        count = LIST.unpack(argument).count
        return list(ids)[:count], count

    def cancel(self, identifier):
        fcntl.ioctl(self.descriptor, IOC_CANCEL, struct.pack("=Q", identifier))

    def cancel_all(self):
        fcntl.ioctl(self.descriptor, IOC_CANCEL_ALL)

    def release(self, sequence):
        fcntl.ioctl(self.descriptor, IOC_RELEASE, struct.pack("=Q", sequence))

    def dump(self, **fields):
        """VMON_IOC_DUMP with exactly these fields; the dump's id."""
        argument = bytearray(DUMP_REQUEST.pack(**fields))
        fcntl.ioctl(self.descriptor, IOC_DUMP, argument, True)
        return DUMP_REQUEST.unpack(argument).dump_id

    def ioctl_at(self, number, pointer):
        """An ioctl whose argument is a bare pointer."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ioctl(self.descriptor, ctypes.c_ulong(number), ctypes.c_void_p(pointer)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def read(self, size=RECORD_SIZE_MAX):
        """One read(2), as it comes."""
        return os.read(self.descriptor, size)

    def records(self):
        """All records that are there and that this session has not read."""
        found = []
        while True:
            try:
                found += records_of(self.read(1 << 20))
            except BlockingIOError:
                return found

    def close(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
