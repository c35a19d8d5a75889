# SPDX-License-Identifier: Apache-2.0
"""What `perf script` says of a profile. Its text and ucli's have the same layout, and one reader here."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

HEAD = re.compile(r"^.*? +(\d+)/(\d+) +(?:\[\d+\] +)?([\d.]+): ")
MAPPING = re.compile(r"PERF_RECORD_MMAP2? (-?\d+)/\d+: \[(0x[0-9a-f]+)\((0x[0-9a-f]+)\) @ (0x[0-9a-f]+|0)[] ]")
# A name may have blanks and parentheses; "[unknown]" has no offset.
FRAME = re.compile(r"^\s+([0-9a-f]+) (.+(?=\+0x)|[^ ]+)(?:\+0x([0-9a-f]+))? \((.*)\)$")
# The byte before address 0: perf's last frame where a return address is 0, or is beyond the copy of the stack.
NOWHERE = (1 << 64) - 1
STACK = "[stack]"      # as perf names its memory


class Frame(NamedTuple):
    address: int
    name: str | None
    offset: int
    file: str


class Stack(NamedTuple):
    """A sample. Frames are leaf first, mappings of its process (start, size, offset) in the order of time."""
    tid: int
    time: str
    kernel: list
    user: list
    mappings: list


def stacks(text):
    """The samples in a text of perf script."""
    found, mappings = [], []
    for line in text.splitlines():
        if mapping := MAPPING.search(line):
            mappings.append(tuple(int(field, 0) for field in mapping.groups()))
        elif head := HEAD.match(line):
            pid, tid, time = head.groups()
            own = [mapping[1:] for mapping in mappings if mapping[0] == int(pid)]
            found.append(Stack(int(tid), time, [], [], own))
        elif frame := FRAME.match(line):
            address, name, offset, file = frame.groups()
            frame = Frame(int(address, 16), None if name == "[unknown]" else name, int(offset or "0", 16), file)
            is_kernel = frame.address >> 63 and frame.address != NOWHERE
            (found[-1].kernel if is_kernel else found[-1].user).append(frame)
        else:
            assert not line, f"neither a sample nor a frame: {line!r}"
    return found


def perf_stacks(profile):
    script = ["perf", "script", "--no-inline", "--show-mmap-events", "-F", "comm,pid,tid,time,event,ip,sym,symoff,dso"]
    return stacks(subprocess.run([*script, "-i", profile], capture_output=True, text=True, check=True).stdout)


def place(address, mappings):
    """An address as perf prints it: that in the file which was mapped there last."""
    for start, size, offset in reversed(mappings):
        if start <= address < start + size:
            return address - start + offset
    return address


@cache
def has_table(path):
    """Whether a file has .eh_frame_hdr, without which libunwind, and so perf, cannot unwind."""
    return ".eh_frame_hdr" in readelf("--section-headers", path)


@cache
def symbols(path):
    """Name to address in a file and in what the distribution has for debugging it: names of one address are aliases."""
    build_id = re.search(r"Build ID: (..)(\w+)", readelf("--notes", path))
    debug = build_id and Path("/usr/lib/debug/.build-id", build_id[1], build_id[2] + ".debug")
    text = readelf("--symbols", path) + (readelf("--symbols", debug) if debug and debug.exists() else "")
    found = re.findall(r"^ *\d+: ([0-9a-f]+) +\S+ I?FUNC .* (\S+?)(?:@\S+)?(?: \(\d+\))?$", text, re.MULTILINE)
    return {name: int(address, 16) for address, name in found}


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, path], check=True, capture_output=True, text=True).stdout
