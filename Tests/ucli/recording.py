# SPDX-License-Identifier: Apache-2.0
"""Writes saved recordings as docs/formats.md describes them, independently of ucli."""

import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "guest"))

import abi  # noqa: E402

MACHINE, KALLSYMS, MODULES, RECORDS = range(1, 5)
KALLSYMS_TEXT = b"".join(b"%x T %s\n" % entry for entry in [
    (0xffffffff81000000, b"_text"), (0xffffffff81000100, b"recorded_function"), (0xffffffff81000200, b"end"),
]) + b"ffffffffa0000000 t take\t[abba]\nffffffffa0001000 d mutex_a\t[abba]\nffffffffa0001040 d mutex_b\t[abba]\n"


def padded(part):
    return part + bytes(-len(part) % 8)


class Records:
    """Records one behind the other, as the module gives them."""

    def __init__(self):
        self.data, self.sequence, self.start = b"", 0, 0

    def add(self, record_type, /, parts=(), dump=1, **fields):
        self.sequence += 1
        tail = b"".join(map(padded, parts))
        body = abi.BODIES[record_type]
        self.data += body.pack(magic=abi.MAGIC, type=record_type, size=body.size + len(tail), sequence=self.sequence,
                               time_ns=self.start + self.sequence, dump_id=dump, **fields) + tail

    def dump(self, number, tasks, realtime=1_700_000_000_000_000_000):
        """A whole dump of tasks, each a dictionary of what is unusual about it."""
        self.add(abi.DUMP_BEGIN, dump=number, realtime_ns=realtime, reason=abi.REQUEST_REASON)
        for task in tasks:
            fields = {"pid": 100, "tgid": 100, "comm": b"program", "state": ord("S"), **task}
            self.add(abi.TASK, [struct.pack("=Q", 0xffffffff81000120), b"/"], dump=number, kernel_frames=1,
                     cgroup_bytes=1, **fields)
        self.add(abi.DUMP_END, dump=number, tasks_captured=len(tasks))
        return self


def recording(records, kallsyms=KALLSYMS_TEXT, boot_id="another boot", records_size=None, **machine):
    """The bytes of a file."""
    facts = {"release": "6.1.0", "boot_id": boot_id, "architecture": "x86_64", "time_ns": 0, **machine}
    text = "".join(f"{key}={value}\n" for key, value in facts.items()).encode()
    sections = [
        (MACHINE, 0, text, len(text)),
        (KALLSYMS, 1, zlib.compress(kallsyms), len(kallsyms)),
        (MODULES, 0, b"", 0),
        (RECORDS, 0, records, len(records)),
    ]
    table, data = b"", b""
    start = 16 + 32 * len(sections)
    for kind, encoding, stored, size in sections:
        stored_size = len(stored)
        if kind == RECORDS and records_size is not None:
            stored_size = size = records_size
        table += struct.pack("<IIQQQ", kind, encoding, start + len(data), stored_size, size)
        data += padded(stored)
    return b"VMONREC\n" + struct.pack("<II", 1, len(sections)) + table + data
