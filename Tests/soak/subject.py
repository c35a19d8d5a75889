# SPDX-License-Identifier: Apache-2.0
"""The processes of a soak: they watch, hit, change their memory, fork, exec and die at random."""

import ctypes
import errno
import mmap
import os
import random
import signal
import time
import traceback

import abi
from subjects import PAGE, end_descendants

ALIVE = 6
INTERVALS_NS = 1_000_000, 2_000_000, 5_000_000, 20_000_000
MADV_DONTNEED = 4
THRESHOLD = 150
FAILED = 1

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p


class Subject:
    """One process: a session, or none yet, and pages with one variable each."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.session = None
        self.pages = []
        self.ids = []

    def live(self):
        """Until it dies of one of its own doings."""
        doings = [self.watch] * 6 + [self.hit] * 8 + [self.calm] * 4 + [
            self.cancel, self.cancel_all, self.discard, self.unmap, self.reopen, self.fork, self.execute, self.exit,
            self.crash]
        while True:
            self.random.choice(doings)()
            time.sleep(self.random.random() / 50)

    def watch(self):
        if not self.session:
            self.session = abi.Session(os.O_WRONLY)
        page = libc.mmap(None, ctypes.c_size_t(PAGE), mmap.PROT_READ | mmap.PROT_WRITE,
                         mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, ctypes.c_long(0))
        try:
            self.ids.append(self.session.request(
                address=page, length=8, threshold=THRESHOLD, name=b"soak",
                interval_ns=self.random.choice(INTERVALS_NS)))
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
        self.pages.append(page)

    def _store(self, value):
        if self.pages:
            ctypes.c_int64.from_address(self.random.choice(self.pages)).value = value

    def hit(self):
        self._store(THRESHOLD + 1)

    def calm(self):
        self._store(0)

    def discard(self):
        if self.pages:
            libc.madvise(ctypes.c_void_p(self.random.choice(self.pages)), ctypes.c_size_t(PAGE), MADV_DONTNEED)

    def unmap(self):
        if self.pages:
            page = self.pages.pop(self.random.randrange(len(self.pages)))
            libc.munmap(ctypes.c_void_p(page), ctypes.c_size_t(PAGE))

    def cancel(self):
        if self.ids:
            try:
                self.session.cancel(self.ids.pop())
            except OSError as error:
                # The watch ended with its page.
                if error.errno != errno.ENOENT:
                    raise

    def cancel_all(self):
        if self.session:
            self.session.cancel_all()
        self.ids = []

    def reopen(self):
        if self.session:
            self.session.close()
        self.session, self.ids = None, []

    def fork(self):
        """The child has the parent's memory and its open device, and sessions of its own."""
        if os.fork() == 0:
            self.random.seed(self.random.random())
            self.session, self.ids = None, []

    def execute(self):
        os.execv("/bin/sleep", ["sleep", "0.05"])

    def exit(self):
        os._exit(0)

    def crash(self):
        os.kill(os.getpid(), signal.SIGKILL)


def live(seed):
    try:
        Subject(seed).live()
    except BaseException:
        traceback.print_exc()
    os._exit(FAILED)


def keep_alive(seed, seconds):
    """Runs subjects for so long; exits with FAILED if one met with what it did not expect."""
    choices, end = random.Random(seed), time.monotonic() + seconds
    alive, failed = set(), False
    while time.monotonic() < end:
        while len(alive) < ALIVE:
            seed_of_one = choices.random()
            pid = os.fork()
            if pid == 0:
                live(seed_of_one)
            alive.add(pid)
        # Orphans are this process's children, too.
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            failed |= os.waitstatus_to_exitcode(status) == FAILED
            alive.discard(pid)
        else:
            time.sleep(0.02)
    end_descendants()
    os._exit(FAILED if failed else 0)
