#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judges ucli locks by numbers: each scenario of kmod/locktest many times, on a machine under load.

Loads modules and deadlocks, so it belongs into a guest: make locks. The exit status is 1 if one
deadlock was missed or misjudged, or if there was one false alarm.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "guest"))

from locks_command import VERDICTS, check_verdict, deadlocks, find_deadlock, run_locks
from locktest import DEADLOCKS, SLEEPER, UNLOCK_ORDER, LockTest
from module import Module

LONG = 3_600_000
FOLDER = Path("/tmp/locks-load")
# Renames in one folder, which fight for its lock, and files written through, which wait for I/O.
LOAD = """
mkdir -p $0; cd $0
for i in 1 2 3; do while :; do echo $i >$i; mv $i $i.old; mv $i.old $i; done & done
while :; do dd if=/dev/zero of=big bs=64k count=16 conv=fsync 2>/dev/null; rm -f big; done &
while :; do find /usr/include -name '*.h' -exec cat {} + >/dev/null; done &
wait
"""


class Count:
    """What came out, and what was wrong with it."""

    def __init__(self):
        self.passed, self.wrong, self.seconds = Counter(), [], []

    def note(self, what, function, *arguments):
        try:
            function(*arguments)
            self.passed[what] += 1
        except AssertionError:
            self.wrong.append(what)
            print(f"WRONG {what}\n{traceback.format_exc()}", flush=True)


def judge_deadlock(abba, number, count):
    abba.set("testsuite", number)
    try:
        threads = abba.wait_for_state("deadlocked")
        begin = time.monotonic()
        verdict = find_deadlock()
        try:
            check_verdict(verdict, number, threads)
        except AssertionError as error:
            raise AssertionError(f"{threads}: {verdict}") from error
        count.seconds.append(time.monotonic() - begin)
    finally:
        abba.set("testsuite", 0)


def judge_harmless(abba, number):
    abba.set("testsuite", number)
    try:
        found = run_locks()
        assert not deadlocks(found), found
    finally:
        abba.set("testsuite", 0)


def judge_load(seconds, count):
    """Looks again and again at a machine that only works."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = run_locks()
        assert not deadlocks(found), found
        count.passed["a look at the load alone"] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=180, help="under load without a deadlock")
    options = parser.parse_args()
    module, abba, count = Module(dump_gap_ms=0), LockTest("abba", timeout_ms=LONG, hold_seconds=1000), Count()
    module.load()
    abba.load()
    load = subprocess.Popen(["bash", "-c", LOAD, FOLDER], start_new_session=True)
    try:
        for round_ in range(options.rounds):
            for number in DEADLOCKS:
                count.note(f"scenario {number}: {VERDICTS[number]}", judge_deadlock, abba, number, count)
            for number in UNLOCK_ORDER, SLEEPER:
                count.note(f"scenario {number}: no deadlock", judge_harmless, abba, number)
            print(f"round {round_ + 1} of {options.rounds}", flush=True)
        count.note("the load alone: no deadlock", judge_load, options.seconds, count)
    finally:
        os.killpg(load.pid, 9)
        load.wait()
        abba.unload()
        module.unload()
    for what, number in sorted(count.passed.items()):
        print(f"{number:5} {what}")
    print(f"seconds until a deadlock was found: {statistics.median(count.seconds):.1f} (median)")
    print(f"{sum(count.passed.values())} passed, {len(count.wrong)} failed")
    return 1 if count.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
