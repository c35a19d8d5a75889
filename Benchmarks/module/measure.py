# SPDX-License-Identifier: Apache-2.0
"""Runs this folder's programs and the modules; what waits for a file is not measured."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

PROJECT = Path(__file__).resolve().parents[2]
# The module and its ABI are what the tests see.
sys.path.insert(0, str(PROJECT / "Tests/guest"))

from module import Module  # noqa: E402

NS_PER_INSTRUCTION = 2
PROGRAMS = Path("/tmp/benchmarks")
EMPTY_TIMER = PROJECT / "kmod/testing/empty_timer.ko"
LOCK_HOLDER = PROJECT / "kmod/testing/lock_holder.ko"


def prepare():
    """Copies the programs into memory: the guest's clock leaps while it waits for the host's disk."""
    shutil.copytree(PROJECT / "build/benchmarks", PROGRAMS)
    shutil.copy(PROJECT / "build/ucli", PROGRAMS)
    loop()


def instructions():
    return time.monotonic_ns() // NS_PER_INSTRUCTION


def _start(program, *words):
    return subprocess.Popen([PROGRAMS / program, *map(str, words)], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _loop_started(arguments):
    return _start("loop", *(f"{name}={value}" for name, value in arguments.items()))


def _loop_ended(process):
    answer, _ = process.communicate("\n")
    if process.returncode:
        raise RuntimeError(f"loop ended with status {process.returncode}")
    result = SimpleNamespace(**json.loads(answer))
    result.slowdown = result.taken / (result.total - result.taken)
    result.share_taken = result.taken / result.total
    result.interrupts_per_second = result.interrupts / (result.total * NS_PER_INSTRUCTION / 1e9)
    return result


def loop(**arguments):
    """What loop.c reports, with its slowdown, the share of time that it lost, and its interrupts per second."""
    with _loop_started(arguments) as process:
        return _loop_ended(process)


def loop_beside(peer, **arguments):
    """The same while peer(pid, address), a context, looks at the loop's variable."""
    with _loop_started({**arguments, "address": 1}) as process:
        address = int(process.stdout.readline())
        with peer(process.pid, address):
            return _loop_ended(process)


@contextlib.contextmanager
def running(program, *words):
    """A program of this folder from its "ready" to the end of its input."""
    process = _start(program, *words)
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"{program} is not ready")
    try:
        yield process
    finally:
        process.communicate()


@contextlib.contextmanager
def empty_timer(interval_ns, count=1):
    subprocess.run(["insmod", EMPTY_TIMER, f"interval_ns={interval_ns}", f"count={count}"], check=True)
    try:
        yield
    finally:
        subprocess.run(["rmmod", "empty_timer"], check=True)


@contextlib.contextmanager
def waiting_for(lock, count):
    """Processes that wait for one lock."""
    subprocess.run(["insmod", LOCK_HOLDER], check=True)
    try:
        with running("waiters", f"/sys/kernel/debug/lock_holder/{lock}", count):
            yield
    finally:
        subprocess.run(["rmmod", "lock_holder"], check=True)


@contextlib.contextmanager
def throttled_monitor(**parameters):
    """The module, with the budget that it has by default."""
    module = Module(**parameters)
    module.load()
    try:
        yield module
    finally:
        module.unload()


@contextlib.contextmanager
def monitor(**parameters):
    """The module. A throttled tick would make ticks look cheaper than they are."""
    with throttled_monitor(**{"tick_budget_percent": 90, **parameters}) as module:
        yield module
        throttled = module.status()["throttled_ticks"]
        if throttled:
            raise RuntimeError(f"{throttled} ticks were throttled")


def breakpoint_on(pid, address):
    """A counting hardware breakpoint on the variable."""
    return running("breakpoint", pid, address)


@contextlib.contextmanager
def ucli_watch(pid, address, every):
    """`ucli watch` on the variable, once its watch runs."""
    process = subprocess.Popen(
        [PROGRAMS / "ucli", "watch", "--pid", str(pid), "--address", str(address), "--type", "uint64",
         "--above", "100", "--every", every],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        note = process.stderr.readline()
        if "watching" not in note:
            raise RuntimeError(note)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


@contextlib.contextmanager
def bpftrace(script):
    """bpftrace with a script, once all its probes are there; a RuntimeError says why not."""
    if not shutil.which("bpftrace"):
        raise RuntimeError("bpftrace is not installed: make setup")
    output = Path("/tmp/bpftrace.out")
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen(["bpftrace", "-e", f'BEGIN {{ printf("ready\\n"); }} {script}'],
                                   stdout=file, stderr=file)
    try:
        while "ready\n" not in output.read_text():
            if process.poll() is not None:
                raise RuntimeError(" ".join(output.read_text().split()))
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()
