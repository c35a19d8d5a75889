# SPDX-License-Identifier: Apache-2.0
"""The loaded module: its sessions, its files in /proc, and the kernel log."""

import ctypes
import os
import re

import abi
from eventually import eventually
from subjects import PROJECT, pinned_bytes, read_proc

MODULE_FILE = f"{PROJECT}/kmod/variable_monitor.ko"
PROC = "/proc/variable_monitor"
SPLATS = re.compile(
    r"BUG:|WARNING:|Oops|KASAN|UBSAN|kmemleak: .*new suspected|possible circular locking"
    r"|INFO: task .* blocked|rcu: INFO|soft lockup|Call Trace"
)

FINIT_MODULE, DELETE_MODULE = 313, 176
libc = ctypes.CDLL(None, use_errno=True)


def _system_call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def load_file(path, parameters=""):
    """insmod's system call; starting programs costs tenths of a second here."""
    file = os.open(path, os.O_RDONLY)
    try:
        _system_call(FINIT_MODULE, file, parameters.encode(), 0)
    finally:
        os.close(file)


def unload_file(path):
    """rmmod's system call."""
    _system_call(DELETE_MODULE, os.path.basename(path).removesuffix(".ko").encode(), os.O_NONBLOCK)


def is_loaded():
    with open("/proc/modules", encoding="ascii") as modules:
        return any(line.startswith("variable_monitor ") for line in modules)


def set_cpu_online(number, online):
    with open(f"/sys/devices/system/cpu/cpu{number}/online", "w", encoding="ascii") as file:
        file.write(str(int(online)))


class Module:
    """variable_monitor.ko from insmod to rmmod."""

    def __init__(self, **parameters):
        self.parameters = [f"{name}={value}" for name, value in parameters.items()]
        self.sessions = []

    def load(self):
        load_file(MODULE_FILE, " ".join(self.parameters))

    def close(self):
        """Ends all sessions."""
        for session in self.sessions:
            session.close()

    def unload(self):
        """After the end of all sessions."""
        self.close()
        unload_file(MODULE_FILE)

    def open(self, *arguments, **keywords):
        """A session that ends with the test at the latest."""
        session = abi.Session(*arguments, **keywords)
        self.sessions.append(session)
        return session

    def status(self):
        with open(f"{PROC}/status", encoding="ascii") as file:
            lines = [line.split(": ") for line in file.read().splitlines()]
        return {name: int(value) for name, value in lines}

    def holds(self):
        """Watches, timer groups, and the bytes that they have pinned in this process."""
        status = self.status()
        return status["watches"], status["groups"], pinned_bytes()

    def wait_for_status(self, **values):
        """Waits until each value of status is as given."""
        eventually(lambda: values.items() <= self.status().items(), f"status {values}")

    def wait_for_ticks(self, count):
        """Waits until timers have expired so often: a watch that should not hit had its chance."""
        until = self.status()["ticks"] + count
        eventually(lambda: self.status()["ticks"] >= until, f"{count} ticks")

    def wait_for_dumps(self, count):
        eventually(lambda: self.status()["dumps"] >= count, f"{count} dumps")

    def dump_process(self, pid):
        """Has a process hit, whatever it does: the first byte of its program is 0x7f. Waits for the dump."""
        program = read_proc(pid, "maps").split("-")[0]
        before = self.status()["dumps"]
        session = self.open(os.O_WRONLY)
        session.request(address=int(program, 16), length=1, flags=abi.UNSIGNED, threshold=0x7E,
                        interval_ns=1_000_000, pid=pid, name=b"program")
        self.wait_for_dumps(before + 1)
        session.close()

    def knob(self, name):
        with open(f"{PROC}/{name}", encoding="ascii") as file:
            return file.read()

    def set_knob(self, name, value):
        """One write(2) of the text."""
        descriptor = os.open(f"{PROC}/{name}", os.O_WRONLY)
        try:
            assert os.write(descriptor, str(value).encode()) == len(str(value))
        finally:
            os.close(descriptor)


class KernelLog:
    """What the kernel logs from now on."""

    def __init__(self):
        self.descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self.descriptor, 0, os.SEEK_END)
        self.lines = []

    def read(self):
        """All lines so far, without level and time."""
        while True:
            try:
                record = os.read(self.descriptor, 8192)
            except BlockingIOError:
                return self.lines
            text = record.split(b";", 1)[1].split(b"\n", 1)[0]
            # The device writes bytes beyond ASCII, and backslashes, as \xNN.
            text = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text)
            self.lines.append(text.decode(errors="backslashreplace"))

    def splats(self):
        return [line for line in self.read() if SPLATS.search(line)]

    def close(self):
        os.close(self.descriptor)
