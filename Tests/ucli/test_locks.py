# SPDX-License-Identifier: Apache-2.0
"""ucli locks on recordings: what it says, and that 1 means a deadlock and nothing else."""

import json
import re
import struct
import subprocess

import pytest

import abi
from conftest import UCLI
from recording import Records, recording

MUTEX_A, MUTEX_B = 0xffffffffa0001000, 0xffffffffa0001040
TAKE = 0xffffffffa0000010
SECOND = 1_000_000_000


def waiters(*waits):
    """A dump of tasks that wait for mutexes: each the task's pid, the lock and its owner's pid."""
    records = Records()
    records.start = 3600 * SECOND
    records.add(abi.DUMP_BEGIN, reason=abi.REQUEST_REASON, realtime_ns=1_700_000_000 * SECOND)
    for pid, lock, owner in waits:
        records.add(abi.TASK, [struct.pack("=Q", TAKE), b"/"], pid=pid, tgid=pid, comm=b"task-%d" % pid,
                    state=ord("D"), start_time_ns=pid, kernel_frames=1, cgroup_bytes=1, flags=abi.KERNEL_THREAD)
        records.add(abi.BLOCKED, pid=pid, kind=abi.MUTEX, lock=lock, flags=abi.OWNER, owner_pid=owner,
                    owner_tgid=owner, owner_start_time_ns=owner, owner_comm=b"task-%d" % owner, waited_ns=5 * SECOND)
    records.add(abi.DUMP_END, tasks_captured=len(waits))
    return records.data


CYCLE = waiters((1, MUTEX_B, 2), (2, MUTEX_A, 1), (3, MUTEX_A, 1))
CHAIN = waiters((1, MUTEX_B, 2), (2, MUTEX_A, 9))


def test_a_deadlock_is_drawn_and_its_status_is_1(ucli, saved):
    result = ucli("locks", saved(recording(CYCLE)))
    assert (result.returncode, result.stderr) == (1, "")
    assert re.sub(r" at 2023-11-1\d [\d:. +-]+: ", ": ", result.stdout) == """\
Dump 1: 1 CYCLE

CYCLE
  Deadlock: each of 2 tasks waits for a lock that the next one holds, and none can go on.

    ┌▶ task-1 (1)
    │    │ waits for mutex_b [abba], held by
    │    ▼
    │  task-2 (2)
    │    │ waits for mutex_a [abba], held by
    └────┘

  task-1 (1) holds mutex_a [abba] and has waited 5.000 s for mutex_b [abba], a mutex at 0xffffffffa0001040
    in the kernel
      take+0x10  [abba]
  task-2 (2) holds mutex_b [abba] and has waited 5.000 s for mutex_a [abba], a mutex at 0xffffffffa0001000
    in the kernel
      take+0x10  [abba]
  Behind them:
    task-3 (3) has waited 5.000 s for mutex_a [abba], a mutex at 0xffffffffa0001000
"""


def test_a_chain_is_no_deadlock(ucli, saved):
    result = ucli("locks", saved(recording(CHAIN)))
    assert result.returncode == 0
    assert "task-9 (9), which is not in the dump" in result.stdout
    assert "No deadlock: they go on when task-9 (9)" in result.stdout


def test_nothing_to_say_is_0(ucli, saved):
    result = ucli("locks", saved())
    assert result.returncode == 0
    assert re.findall(r"^Dump (\d) .*: no task waits for a lock$", result.stdout, re.MULTILINE) == ["1", "2"]


@pytest.mark.parametrize("flags", [["--json"], ["--format", "json"]])
def test_json_has_all_of_it(ucli, saved, flags):
    result = ucli("locks", saved(recording(CYCLE)), *flags)
    [line] = result.stdout.splitlines()
    found = json.loads(line)
    assert (result.returncode, found["dump"], found["deadlock"]) == (1, "1", True)
    [verdict] = found["verdicts"]
    assert verdict["verdict"] == "CYCLE"
    assert [(wait["pid"], wait["lock"], wait["kind"], wait["holder"]["pid"]) for wait in verdict["waits"]] == [
        (1, "mutex_b [abba]", "mutex", 2), (2, "mutex_a [abba]", "mutex", 1)]
    assert [wait["pid"] for wait in verdict["behind"]] == [3]
    assert {task["pid"]: task["kernel"][0]["function"] for task in found["tasks"]} == {1: "take", 2: "take"}


def test_dot_has_an_edge_from_each_task_to_its_lock_and_on_to_the_holder(ucli, saved):
    result = ucli("locks", saved(recording(CYCLE)), "--format", "dot")
    assert result.returncode == 1
    edges = re.findall(r'^  "(\w+) (\d+)[^"]*" -> "(\w+) (\d+)[^"]*"( \[color=red\])?;$', result.stdout, re.MULTILINE)
    a, b = str(MUTEX_A), str(MUTEX_B)
    red, plain = " [color=red]", ""
    assert edges == [("task", "1", "lock", b, red), ("lock", b, "task", "2", red), ("task", "2", "lock", a, red),
                     ("lock", a, "task", "1", red), ("task", "3", "lock", a, plain), ("lock", a, "task", "1", plain)]


def test_names_steer_no_terminal(ucli, saved):
    evil = CYCLE.replace(b"task-1\0\0", b"\x1b[31m\"\n\\")
    for output in "text", "dot", "json":
        result = ucli("locks", saved(recording(evil)), "--format", output)
        assert result.returncode == 1
        assert "\x1b" not in result.stdout
        if output == "text":
            assert '?[31m"?\\ (1)' in result.stdout


def test_kernels_that_hide_their_symbols_leave_addresses(ucli, saved):
    result = ucli("locks", saved(recording(CYCLE, kallsyms=b"")))
    assert result.returncode == 1
    assert "waits for the mutex at 0xffffffffa0001040, held by" in result.stdout


# ---- exit statuses ----


def test_damage_is_65_but_a_deadlock_in_the_rest_is_1(ucli, saved):
    assert ucli("locks", saved(recording(b"x" * 80 + CHAIN))).returncode == 65
    assert ucli("locks", saved(recording(b"x" * 80 + CYCLE))).returncode == 1
    assert ucli("locks", saved(recording(CHAIN)[:-40])).returncode == 65


def test_no_failure_is_1(ucli, saved, tmp_path):
    assert ucli("locks", tmp_path / "none").returncode == 66
    assert ucli("locks", tmp_path).returncode == 74
    assert ucli("locks", saved(b"#!/bin/sh\n" * 20)).returncode == 65
    assert ucli("locks", saved(b"")).returncode == 65
    with open("/dev/full", "wb") as full:
        process = subprocess.run([UCLI, "locks", saved(recording(CYCLE))], stdout=full, stderr=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert process.returncode == 74
