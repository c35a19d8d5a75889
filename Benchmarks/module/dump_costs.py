# SPDX-License-Identifier: Apache-2.0
"""What a dump of 2,000 waiting processes costs, and other ways to look at all tasks."""

import json
import os
import subprocess
from collections import Counter

from measure import NS_PER_INSTRUCTION, PROGRAMS, instructions, monitor, running, waiting_for

import abi  # of the guest tests, whose folder measure.py adds to the path

PROCESSES = 2000
DEEP_STACK = 128 << 10      # more than a dump ever copies
USER_STACK_BYTES = (0, 16384, 65536)
WAITERS = 200               # each looks for its place in the queue
LOCKS = ("mutex", "semaphore", "rwsem_write")
IGNORE_LOGLEVEL = "/sys/module/printk/parameters/ignore_loglevel"


def _records(session):
    """Type, size and bytes of each record of the dump; only the DUMP_END is decoded."""
    while True:
        try:
            data = session.read(1 << 20)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            header = abi.RECORD.unpack(data, at)
            yield header.type, header.size, data[at:at + header.size]
            at += header.size


def _dump(user_stack_bytes, at_least=PROCESSES):
    with monitor(user_stack_bytes=user_stack_bytes, buffer_bytes=256 << 20,
                 max_dump_ms=600_000) as module:
        session = module.open(os.O_RDWR)
        session.dump()
        sizes, counts, end = Counter(), Counter(), None
        for kind, size, data in _records(session):
            sizes[kind] += size
            counts[kind] += 1
            if kind == abi.DUMP_END:
                end = abi.BODIES[kind].unpack(data)
    tasks = end.tasks_captured
    if tasks < at_least or counts[abi.TASK] != tasks:
        raise RuntimeError(f"{tasks} tasks captured, {counts[abi.TASK]} read")
    return {
        "tasks": tasks,
        "tasks that wait for a lock": counts[abi.BLOCKED],
        "tasks looked at": end.tasks_seen,
        "instructions a task": end.duration_ns / NS_PER_INSTRUCTION / tasks,
        "bytes a task": sum(sizes.values()) / tasks,
        "skipped": {name: value for name, value in vars(end).items() if name.startswith("skipped_")},
    }


def _quiet():
    """No console: what is measured is the kernel's work, not a serial line."""
    with open(IGNORE_LOGLEVEL, "w", encoding="ascii") as file:
        file.write("N")
    subprocess.run(["dmesg", "-n", "1"], check=True)


def _task_count():
    return sum(len(os.listdir(f"/proc/{process}/task")) for process in os.listdir("/proc")
               if process.isdigit())


def _sysrq():
    _quiet()
    tasks = _task_count()
    file = os.open("/proc/sysrq-trigger", os.O_WRONLY)
    before = instructions()
    os.write(file, b"t")
    taken = instructions() - before
    os.close(file)
    return {"tasks": tasks, "instructions a task": taken / tasks}


def _read_stacks():
    found = json.loads(subprocess.run([PROGRAMS / "read_stacks"], check=True, capture_output=True).stdout)
    return {
        "tasks": found["tasks"],
        "instructions a task": found["instructions"] / found["tasks"],
        "bytes a task": found["bytes"] / found["tasks"],
    }


def blocked():
    """Dumps of processes that wait uninterruptibly: for a child, and for a lock."""
    rows = {}
    with running("parents", WAITERS, 0):
        rows["a child that sleeps"] = _dump(0, WAITERS)
    for lock in LOCKS:
        with waiting_for(lock, WAITERS):
            row = _dump(0, WAITERS)
        if row["tasks that wait for a lock"] < WAITERS:
            raise RuntimeError(f"of {WAITERS} that wait for a {lock}, {row} says")
        rows[f"a {lock}"] = row
    return rows


def dumps():
    with running("parents", PROCESSES, DEEP_STACK):
        rows = {f"dump, up to {size:,} bytes of user stack": _dump(size) for size in USER_STACK_BYTES}
        rows["reading /proc/*/task/*/stack"] = _read_stacks()
        rows["echo t >/proc/sysrq-trigger"] = _sysrq()
    return rows
