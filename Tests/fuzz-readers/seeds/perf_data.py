# SPDX-License-Identifier: Apache-2.0
"""Files as perf record writes them, from the layouts in the kernel's perf_event.h and perf's documentation."""

import struct

MAP, NAME, EXIT, FORK, SAMPLE, MAP2 = 1, 3, 4, 7, 9, 10
HEADER_ATTRIBUTE, HEADER_FEATURE = 64, 80
HOST_NAME, RELEASE, ARCHITECTURE = 3, 4, 6
# IP, TID, TIME, CALLCHAIN, REGS_USER, STACK_USER; with IDENTIFIER, ADDR, CPU, PERIOD, READ and RAW too.
USUAL, FULL = 0x3027, 0x137BF
REGISTERS = 0x1C0  # BP, SP and IP
EVENT = 5
MAGIC = 0x32454C4946524550


def text(string, unit=8):
    return string + bytes(unit - len(string) % unit)


def attributes(sample_type):
    """struct perf_event_attr of a software event, with sample_id_all."""
    fields = struct.pack("=IIQQQQQ32xQI", 1, 128, 3, 7, sample_type, 0, 1 << 18, REGISTERS, 64)
    return fields + bytes(128 - len(fields))


def record(kind, body, flags=0):
    return struct.pack("=IHH", kind, flags, 8 + len(body)) + body


def trailer(sample_type, time):
    tail = struct.pack("=IIQ", 42, 43, time)
    return tail + struct.pack("=IIQ", 1, 0, EVENT) if sample_type == FULL else tail


def sample(sample_type, time):
    stack = struct.pack("=6Q", 0, 0x7020, 0x40_0020, 0, 0x40_0030, 0)
    head, middle = b"", b""
    if sample_type == FULL:
        head = struct.pack("=Q", EVENT)
        middle = struct.pack("=QIIQQ", 0x5000, 1, 0, 7, 9)
    body = head + struct.pack("=QIIQ", 0x40_0010, 42, 43, time) + middle
    body += struct.pack("=4Q", 3, 2**64 - 128, 2**64 - 4096, 0x40_0010)
    if sample_type == FULL:
        body += struct.pack("=I4x", 4)
    body += struct.pack("=4Q", 2, 0x7010, 0x7000, 0x40_0010)
    return record(SAMPLE, body + struct.pack("=Q", len(stack)) + stack + struct.pack("=Q", 40))


def records(sample_type):
    """A process that starts, maps files, is sampled, forks and ends."""
    ids = (42, 42)
    parts = [
        (NAME, struct.pack("=II", *ids) + text(b"sample", 16), 1 << 13),
        (MAP, struct.pack("=IIQQQ", *ids, 0x40_0000, 0x1000, 0) + text(b"/usr/bin/sample"), 2),
        (MAP2, struct.pack("=IIQQQIIQQII", *ids, 0x50_0000, 0x2000, 0x1000, 8, 1, 5, 0, 5, 2) + text(b"/lib/a.so"), 2),
        (MAP2, struct.pack("=IIQQQB3x20sII", *ids, 0x50_1000, 0x1000, 0, 20, bytes(range(20)), 5, 2) + text(b"[vdso]"), 2 | 1 << 14),
        (MAP, struct.pack("=iIQQQ", -1, 0, 2**64 - 2**31, 2**30, 2**64 - 2**31) + text(b"[kernel.kallsyms]_text"), 1),
        (FORK, struct.pack("=IIIIQ", 44, 42, 44, 42, 3), 0),
        (EXIT, struct.pack("=IIIIQ", 42, 1, 42, 1, 9), 0),
    ]
    whole = b"".join(record(kind, body + trailer(sample_type, time), flags) for time, (kind, body, flags) in enumerate(parts, 1))
    return whole + sample(sample_type, 8) + sample(sample_type, 5)


def features():
    """Of a file, by their bits."""
    values = {HOST_NAME: b"host", RELEASE: b"6.1.0-1-amd64", ARCHITECTURE: b"x86_64"}
    return {bit: struct.pack("=I", len(text(value))) + text(value) for bit, value in values.items()}


def file(sample_type):
    ids = struct.pack("=Q", EVENT)
    ids_at = 104 + 144
    events = attributes(sample_type) + struct.pack("=QQ", ids_at, len(ids))
    data, data_at = records(sample_type), ids_at + len(ids)
    bits, places, contents = 0, b"", b""
    at = data_at + len(data) + 16 * len(features())
    for bit, feature in features().items():
        bits |= 1 << bit
        places += struct.pack("=QQ", at + len(contents), len(feature))
        contents += feature
    header = struct.pack("=9Q", MAGIC, 104, 144, 104, len(events), data_at, len(data), 0, 0)
    return header + bits.to_bytes(32, "little") + events + ids + data + places + contents


def stream(sample_type):
    """As perf writes it into a pipe."""
    head = struct.pack("=QQ", MAGIC, 16)
    head += record(HEADER_ATTRIBUTE, attributes(sample_type) + struct.pack("=Q", EVENT))
    for bit, feature in features().items():
        head += record(HEADER_FEATURE, struct.pack("=Q", bit) + feature)
    return head + records(sample_type)
