# SPDX-License-Identifier: Apache-2.0
"""The processes and variables that the tests watch."""

import contextlib
import ctypes
import mmap
import multiprocessing
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import abi
from eventually import eventually

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = PROJECT / "build/subjects"
PAGE = mmap.PAGESIZE
NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_DUMPABLE = 4
KTHREADD = 2
libc = ctypes.CDLL(None)

_TYPES = {
    (1, True): ctypes.c_int8, (2, True): ctypes.c_int16,
    (4, True): ctypes.c_int32, (8, True): ctypes.c_int64,
    (1, False): ctypes.c_uint8, (2, False): ctypes.c_uint16,
    (4, False): ctypes.c_uint32, (8, False): ctypes.c_uint64,
}


class Variable:
    """A number in private memory of its own, or at `offset` of another variable's page."""

    def __init__(self, value=0, length=8, signed=True, offset=0, page_of=None):
        self.length, self.signed = length, signed
        self.memory = page_of.memory if page_of else mmap.mmap(
            -1, PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
        self._number = _TYPES[length, signed].from_buffer(self.memory, offset)
        self.address = ctypes.addressof(self._number)
        self.value = value

    @property
    def value(self):
        """What this process itself reads there."""
        return self._number.value

    @value.setter
    def value(self, value):
        self._number.value = value


def page_at(variable):
    """The address of the page that a variable lies on."""
    return variable.address & -PAGE


class Child:
    """A fork of this process that runs functions of this process's modules for it."""

    def __init__(self):
        self._channel, theirs = multiprocessing.Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._serve(theirs)
        theirs.close()

    @staticmethod
    def _serve(channel):
        signal.alarm(0)
        try:
            while True:
                function, arguments, keywords = channel.recv()
                try:
                    answer = (function(*arguments, **keywords), None)
                except Exception as error:
                    answer = (None, error)
                channel.send(answer)
        finally:
            os._exit(0)

    def start(self, function, *arguments, **keywords):
        """Makes it run a function, whose result() can be had later."""
        self._channel.send((function, arguments, keywords))

    def result(self):
        value, error = self._channel.recv()
        if error:
            raise error
        return value

    def run(self, function, *arguments, **keywords):
        self.start(function, *arguments, **keywords)
        return self.result()

    def end(self, number=signal.SIGKILL):
        """Ends it by a signal, and waits until it is gone."""
        os.kill(self.pid, number)
        os.waitpid(self.pid, 0)


# ---- what a Child may be asked to run; its variables and sessions live here ----

_own = SimpleNamespace(variables={}, sessions=[])


def create_own(key="temp", value=0, **shape):
    """A variable of the calling process; its address."""
    _own.variables[key] = Variable(value, **shape)
    return _own.variables[key].address


def assign_own(value, key="temp"):
    _own.variables[key].value = value


def value_of_own(key="temp"):
    return _own.variables[key].value


def watch_own(threshold, key="temp", **request):
    """Watches it through a session of the calling process; the watch's id."""
    if not _own.sessions:
        open_own()
    if key not in _own.variables:
        create_own(key)
    return _own.sessions[0].watch(_own.variables[key], threshold, **request)


def watch_inherited(address, threshold, **request):
    """Watches the number that the calling process has at its parent's address."""
    if not _own.sessions:
        open_own()
    inherited = SimpleNamespace(address=address, length=8, signed=True)
    return _own.sessions[0].watch(inherited, threshold, **request)


def cancel_own():
    _own.sessions[0].cancel_all()


def own_session():
    return _own.sessions[0]


def open_own(mode=os.O_WRONLY, flags=os.O_CLOEXEC):
    _own.sessions.append(abi.Session(mode, flags))


def keep_own_over_exec():
    os.set_inheritable(_own.sessions[0].descriptor, True)


def give_own_away(channel):
    """Passes the caller's session over an inherited socket, and keeps no descriptor of it."""
    session = _own.sessions.pop()
    with socket.socket(fileno=channel) as passage:
        socket.send_fds(passage, [b"session"], [session.descriptor])
    session.close()


def become_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def become_root_of_user_namespace():
    """What `unshare -Ur` does: all capabilities in a new namespace, none outside."""
    user, group = os.getuid(), os.getgid()
    assert libc.prctl(PR_SET_DUMPABLE, 1) == 0      # or its files in /proc stay root's after a setuid()
    assert libc.unshare(CLONE_NEWUSER) == 0
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")


def _pause():
    while True:
        signal.pause()


def fork_pausing():
    """A child of the caller that has all that it has, and sleeps; its pid."""
    pid = os.fork()
    if pid == 0:
        _pause()
    return pid


def fork_chain(length):
    """A chain of descendants of the caller, all asleep; the last one's pid."""
    caller, (reader, writer) = os.getpid(), os.pipe()
    for _ in range(length):
        if os.fork():
            break
    else:
        os.write(writer, str(os.getpid()).encode())
    if os.getpid() != caller:
        _pause()
    return int(os.read(reader, 16))


# ---- programs ----


def program(name):
    """What make has built of a file of subjects/; its path."""
    return str(PROGRAMS / name)


def stripped(name):
    """A copy of a program with no more for debuggers than its .symtab: gdb reads it in no time."""
    return program(f"stripped/{name}")


def start(*words, **keywords):
    """A program, once it has written its first line."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, **keywords)
    process.first_line = process.stdout.readline()
    assert process.first_line, f"{words} ended with status {process.wait()}"
    return process


def start_spinner(name="spin"):
    """A process in its loop in user mode; its first line, which it writes on its way there, is spinHere's range."""
    process = start(program(name))
    told = run_ns(process.pid)
    eventually(lambda: run_ns(process.pid) > told + 50_000_000, "a program in its loop")
    return process


# ---- processes ----


def read_proc(pid, name):
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="surrogateescape")


def state_of(pid):
    return read_proc(pid, "stat").rpartition(")")[2].split()[0]


def run_ns(pid):
    """How long a process has run."""
    return int(read_proc(pid, "schedstat").split()[0])


def children_of(pid):
    """The pids of a process's children, of its main thread's at that."""
    return [int(word) for word in read_proc(pid, f"task/{pid}/children").split()]


def wait_until_blocked_in(process, system_call):
    """Waits until it sleeps in the system call of this number, and not on its way there."""
    pid = process.pid
    eventually(lambda: state_of(pid) == "S" and read_proc(pid, "syscall").split()[0] == str(system_call),
               f"process {pid} in system call {system_call}")


def wait_until_stuck(process, count=1):
    """Waits until it and its children are so many in state D; their pids."""
    def stuck():
        found = [pid for pid in [process.pid, *children_of(process.pid)] if state_of(pid) == "D"]
        return len(found) == count and found

    return eventually(stuck, f"{count} tasks in state D")


def sleeps_of_kernel_threads(name):
    """How often each kernel thread whose name begins so has gone to sleep, by pid."""
    found = {}
    for pid in children_of(KTHREADD):
        # Others end meanwhile.
        with contextlib.suppress(OSError):
            status = read_proc(pid, "status")
            if status.startswith(f"Name:\t{name}"):
                found[pid] = int(re.search(r"^voluntary_ctxt_switches:\t(\d+)", status, re.MULTILINE)[1])
    return found


def rounds_of_hang_detector():
    """How often khungtaskd has gone to sleep."""
    [rounds] = sleeps_of_kernel_threads("khungtaskd").values()
    return rounds


def pinned_bytes(pid="self"):
    """What the kernel counts as pinned in a process's memory."""
    for line in read_proc(pid, "status").splitlines():
        if line.startswith("VmPin:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmPin")


def wait_for_pinned(count):
    """A watch's end is told before its page is given back."""
    eventually(lambda: pinned_bytes() == count, f"{count} bytes pinned")


def end_descendants():
    """Kills and reaps what this process has started, directly or not."""
    while True:
        children = children_of(os.getpid())
        if not children:
            return
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
