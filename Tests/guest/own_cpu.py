# SPDX-License-Identifier: Apache-2.0
"""The last CPU, for one process: no dump comes to run there, nor does the test itself."""

import contextlib
import os
import re
import time
from pathlib import Path

from eventually import eventually
from subjects import end_descendants, run_ns

CPU = os.cpu_count() - 1
WORKERS = Path("/sys/devices/virtual/workqueue/cpumask")
CLOCK_MONOTONIC_COARSE = 6      # advances with the timer interrupt
TICK_NS = round(time.clock_getres(CLOCK_MONOTONIC_COARSE) * 1e9)


@contextlib.contextmanager
def kept_free():
    """Keeps this process and all workers that may run on any CPU off it."""
    processors, mask = os.sched_getaffinity(0), WORKERS.read_text(encoding="ascii")
    WORKERS.write_text(f"{(1 << CPU) - 1:x}", encoding="ascii")
    os.sched_setaffinity(0, processors - {CPU})
    try:
        yield
    finally:
        end_descendants()
        os.sched_setaffinity(0, processors)
        WORKERS.write_text(mask, encoding="ascii")


def give_to(pid):
    os.sched_setaffinity(pid, [CPU])


@contextlib.contextmanager
def running(pid):
    """Has a process that got the CPU run all the time. Not for long: the kernel's own threads wait."""
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
    try:
        before = run_ns(pid)
        eventually(lambda: run_ns(pid) > before, f"process {pid} running")
        yield
    finally:
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


class StoodStill:
    """
    How long the CPU executed nothing since this object was made, as far as its timer interrupts tell: a host
    that has others to run lets an emulated one stand still, now and then for a second.
    """

    def __init__(self):
        self._began_ns, self._began_ticks = time.monotonic_ns(), self._ticks()

    @staticmethod
    def _ticks():
        [line] = re.findall("^ *LOC: .*", Path("/proc/interrupts").read_text(encoding="ascii"), re.MULTILINE)
        return int(line.split()[1 + CPU])

    def so_far_ns(self):
        return time.monotonic_ns() - self._began_ns - TICK_NS * (self._ticks() - self._began_ticks)
