# SPDX-License-Identifier: Apache-2.0
"""Memory that may be unmapped, moved or merged under a watch, and what the kernel says about its pages."""

import ctypes
import fcntl
import mmap
import os
import struct
from pathlib import Path

import abi
from eventually import eventually
from subjects import PAGE, wait_for_pinned

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = libc.shmat.restype = ctypes.c_void_p
FAILED = ctypes.c_void_p(-1).value

READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE
MAP_FIXED, MAP_HUGETLB = 0x10, 0x40000
MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2
MADV_NORMAL, MADV_RANDOM, MADV_DONTNEED, MADV_FREE, MADV_MERGEABLE, MADV_HUGEPAGE, MADV_PAGEOUT = 0, 1, 4, 8, 12, 14, 21
HUGE_PAGE = 2 << 20


def call(function, *arguments):
    """A function of the C library: whole numbers are passed as long, failures raise."""
    result = function(*(ctypes.c_long(argument) for argument in arguments))
    if result in (-1, FAILED):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


# ---- places ----


class Place:
    """A variable in memory that may be unmapped or moved: nothing here keeps it."""

    length, signed = 8, True

    def __init__(self, address=None):
        self.address = address or map_memory()

    @property
    def value(self):
        """What this process itself reads there."""
        return peek(self.address)

    @value.setter
    def value(self, value):
        poke(self.address, value)


def poke(address, value):
    ctypes.c_int64.from_address(address).value = value


def peek(address):
    return ctypes.c_int64.from_address(address).value


def map_memory(address=0, size=PAGE, flags=0, file=None, sharing=mmap.MAP_PRIVATE, protection=READ_WRITE):
    """Memory of a file from its start, else anonymous."""
    if file is None:
        flags |= mmap.MAP_ANONYMOUS
    return call(libc.mmap, address, size, protection, sharing | flags, -1 if file is None else file, 0)


def unmap(address, size=PAGE):
    call(libc.munmap, address, size)


def protect(address, protection, size=PAGE):
    call(libc.mprotect, address, size, protection)


def advise(address, advice, size=PAGE):
    call(libc.madvise, address, size, advice)


def move(address, target):
    """Moves one page over another."""
    call(libc.mremap, address, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target)


# ---- pages that come late ----

USERFAULTFD = 323                                               # system call number
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_COPY = 0xC018AA3F, 0xC020AA00, 0xC028AA03
UFFD_API, UFFDIO_REGISTER_MODE_MISSING, UFFD_FEATURE_SIGBUS = 0xAA, 1, 1 << 7


class FaultedPages:
    """Memory without pages: who touches one, the kernel included, waits until serve() gives it (userfaultfd)."""

    def __init__(self, count=1, features=0):
        self.size = count * PAGE
        self.address = map_memory(size=self.size)
        self.served = 0
        # For faults of the kernel as well, so only root may have it, whatever vm.unprivileged_userfaultfd says.
        self.descriptor = call(libc.syscall, USERFAULTFD, os.O_CLOEXEC)
        fcntl.ioctl(self.descriptor, UFFDIO_API, struct.pack("=3Q", UFFD_API, features, 0))
        fcntl.ioctl(self.descriptor, UFFDIO_REGISTER,
                    struct.pack("=4Q", self.address, self.size, UFFDIO_REGISTER_MODE_MISSING, 0))

    def serve(self, data):
        """Gives the next pages, with this in them; who waits for one goes on."""
        source = ctypes.create_string_buffer(data, len(data))
        fcntl.ioctl(self.descriptor, UFFDIO_COPY, struct.pack(
            "=4Qq", self.address + self.served, ctypes.addressof(source), len(data), 0, 0))
        self.served += len(data)

    def close(self):
        """Ends the memory; who still waits for a page of it gets EFAULT or SIGSEGV."""
        unmap(self.address, self.size)
        os.close(self.descriptor)


# ---- what a watch says ----


def wait_for(session, *kinds):
    """The first record of these types, among all that come until then."""
    found = []

    def come():
        found.extend(session.records())
        return [record for record in found if record.type in kinds]

    return eventually(come, f"a record of a type in {kinds}")[0]


def assert_hit(session, value):
    assert wait_for(session, abi.HIT).value == value


def assert_no_hit(module, session):
    """The watch had its chance, and kept silent."""
    module.wait_for_ticks(50)
    assert session.records() == []


def assert_ended(module, session, identifier, place, reason, pid=None):
    end = wait_for(session, abi.WATCH_END)
    assert (end.watch_id, end.address, end.reason) == (identifier, place.address, reason)
    assert (end.pid, end.name, end.dump_id) == (pid or os.getpid(), "temp", 0)
    module.wait_for_status(watches=0, groups=0)
    wait_for_pinned(0)


# ---- what the kernel says about pages ----

SOFT_DIRTY, SWAPPED, PRESENT = 1 << 55, 1 << 62, 1 << 63    # in /proc/self/pagemap
KSM = 1 << 21                                               # in /proc/kpageflags


def _word_of(path, number):
    with open(path, "rb", buffering=0) as file:
        return struct.unpack("=Q", os.pread(file.fileno(), 8, 8 * number))[0]


def page_entry(address, pid="self"):
    """A process's entry of /proc/PID/pagemap."""
    return _word_of(f"/proc/{pid}/pagemap", address // PAGE)


def is_swapped(address):
    return bool(page_entry(address) & SWAPPED)


def is_merged(address):
    """Whether it is a page of KSM, which all that hold the same share."""
    entry = page_entry(address)
    return bool(entry & PRESENT and _word_of("/proc/kpageflags", entry & (1 << 55) - 1) & KSM)


def anonymous_huge_bytes(address):
    """How much of the mapping at the address is mapped as transparent huge pages."""
    inside = False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        word = line.split()[0]
        if "-" in word:
            start, end = (int(number, 16) for number in word.split("-"))
            inside = start <= address < end
        elif inside and word == "AnonHugePages:":
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no mapping at {address:x}")


def page_counts():
    """What pins and locks leave behind: pins without an end, and pages that cannot be evicted."""
    Path("/proc/sys/vm/stat_refresh").write_text("1")       # adds each CPU's share up
    counts = dict(line.split() for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines())
    number = {name: int(counts[name]) for name in
              ("nr_foll_pin_acquired", "nr_foll_pin_released", "nr_unevictable", "nr_mlock")}
    return {"pins": number.pop("nr_foll_pin_acquired") - number.pop("nr_foll_pin_released"), **number}
