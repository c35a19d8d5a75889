# SPDX-License-Identifier: Apache-2.0
"""Conditions that programs start through the libraries hit, and a program is told as it happens."""

import os
import subprocess

import pytest

import abi
from conditions import real
from subjects import NOBODY, program

pytestmark = [pytest.mark.module(dump_gap_ms=0, max_tasks=1, user_stack_bytes=0), pytest.mark.one_cpu]

AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

# What testcase/conditions and subjects/conditions.c start: the comparison, and the value that hits.
WATCHES = {
    "above": (abi.GREATER, 151), "below": (abi.LESS, -2.0), "equal": (abi.EQUAL, -7), "notEqual": (abi.NOT_EQUAL, 1),
    "outside": (abi.OUTSIDE, 1.0), "changed": (abi.CHANGED, 1), "changedBy": (abi.CHANGED_BY, -11),
    "unchanged": (abi.UNCHANGED, None), "bitsAny": (abi.BITS_ANY, 4), "bitsAll": (abi.BITS_ALL, 12),
    "row": (abi.GREATER, 6), "moved": (abi.GREATER, 200),
}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def bits_of(value, hit):
    """What a record has for it."""
    return real(value, hit.length) if isinstance(value, float) else value % 2**64


def check_records(session, plain=frozenset()):
    """Each watch hit by its condition, with its value; all but plain ones have a record of it."""
    records = session.records()
    hits = {hit.name: hit for hit in reversed(records) if hit.type == abi.HIT}
    assert {name: hit.comparison for name, hit in hits.items()} == {name: of for name, (of, _) in WATCHES.items()}
    for name, (_, value) in WATCHES.items():
        if value is not None:
            assert hits[name].value % 2**64 == bits_of(value, hits[name]), name
    conditions = {record.watch_id: record for record in records if record.type == abi.CONDITION}
    assert conditions[hits["row"].watch_id].ticks == 3
    assert conditions[hits["above"].watch_id].rearm == 120
    assert hits["above"].flags & abi.REARM
    assert {name for name, hit in hits.items() if hit.watch_id not in conditions} == plain
    assert hits["moved"].threshold == 100
    assert any(record.type == abi.HISTORY and record.watch_id == hits["row"].watch_id for record in records)


def test_a_swift_program_starts_every_condition_and_sees_each_hit(module, session):
    done = run("conditions")
    assert (done.returncode, done.stderr) == (0, "")
    started, *seen, state, cancelled, ended = done.stdout.splitlines()
    assert started == "12 watches"
    found = dict(line.split(" ") for line in seen)
    assert found.keys() == WATCHES.keys()
    for name, (_, value) in WATCHES.items():
        assert float(found[name]) == (3 if value is None else value), name
    assert state == "above hits: 1 disarmed: true"
    assert (cancelled, ended) == ("11 watches", "0 watches")
    check_records(session, plain={"moved"})


@pytest.mark.parametrize("name", ["conditions", "32/conditions"])
def test_a_c_program_starts_every_condition(module, session, name):
    done = run(program(name))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["12 watches", "11 watches"]
    # The last hit is counted before its dump is in the buffer.
    session.dump()
    check_records(session)


@pytest.mark.parametrize("mode", [0o622, 0o666])
def test_who_may_watch_but_not_read_is_told_what_reading_needs(module, mode):
    os.chmod(abi.DEVICE, mode)
    done = run(*AS_NOBODY, "conditions")
    assert (done.returncode, done.stdout) == (1, "")
    assert "may not be read" in done.stderr and "CAP_PERFMON" in done.stderr
