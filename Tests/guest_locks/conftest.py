# SPDX-License-Identifier: Apache-2.0
"""Boots a guest for each plan: lockdep reports once a boot, and some deadlocks stay."""

import json
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DEADLOCK = "abba deadlocked - timeout_ms=3600000"
# What happens in each guest of the debug kernel; see lockdep.
LOCKDEP = {
    "lockdep_spinlock": ["spinlock abba timed_out - testsuite=1 timeout_ms=2000"],
    "lockdep_mutex": [f"mutex {DEADLOCK} testsuite=2"],
    "lockdep_rwsem_write": [f"rwsem_write {DEADLOCK} testsuite=4"],
    "lockdep_rwsem_read": [f"rwsem_read {DEADLOCK} testsuite=5"],
    "lockdep_three_way": [f"three_way {DEADLOCK} testsuite=6"],
    "lockdep_orphan": [f"orphan {DEADLOCK} testsuite=11"],
    # What it has nothing to say about, and then, for it is still awake, something.
    "lockdep_silent": [
        f"semaphore {DEADLOCK} testsuite=3",
        f"mutex_semaphore {DEADLOCK} testsuite=7",
        "unlock_order abba finished - testsuite=9 timeout_ms=3600000",
        "sleeper abba finished - testsuite=10 timeout_ms=3600000 hold_seconds=1",
        "mutex_hold mutex_hold finished two first_seconds=1 second_seconds=1",
        "recursion mutex_recursion deadlocked recursion timeout_ms=3600000",
    ],
}
ON_STOCK = {"detectors": ["--cpus", "3"], "for_good": []}


class Boot:
    """A plan of in_guest.py or of lockdep, run in a guest of its own; results are left in build/locks/PLAN."""

    def __init__(self, plan):
        results = PROJECT / "build/locks" / plan
        if plan in LOCKDEP:
            # Spinlocks hang two CPUs.
            options = ["--kernel", "debug", "--cpus", "2" if plan == "lockdep_spinlock" else "1"]
            command = ["Tests/guest_locks/lockdep", *LOCKDEP[plan]]
        else:
            options = ["--kernel", "stock", *ON_STOCK[plan]]
            command = ["/usr/bin/python3", "Tests/guest_locks/in_guest.py", plan]
        ran = subprocess.run(
            [PROJECT / "tools/vm", *options, "--allow-splats", "--timeout", "3000", "--results", results, "--", *command],
            capture_output=True, text=True)
        self.failure = f"{plan}: status {ran.returncode}\n{ran.stdout}{ran.stderr}" if ran.returncode else None
        if not self.failure:
            self.found = lockdep_found(results / "out") if plan in LOCKDEP else \
                json.loads((results / "out/evidence.json").read_text())
            self.logs = parts_of((results / "kernel.log").read_text(errors="replace"))


def lockdep_found(folder):
    """What lockdep left of each scenario."""
    return {
        status.parent.name: {
            "state": re.search(r"^state: (.*)$", status.read_text(), re.MULTILINE)[1],
            "lockdep_is_on": re.search(
                r"^ debug_locks: +(\d)$", (status.parent / "lockdep_stats").read_text(), re.MULTILINE)[1] == "1",
            "classes": [text for text in (status.parent / "lockdep").read_text().split("\n\n") if text.strip()],
        } for status in folder.glob("*/status")}


def parts_of(log):
    """The kernel log's lines without their times, by the scenario that they belong to."""
    parts, lines = {}, []
    for line in log.splitlines():
        text = re.sub(r"^\[ *[\d.]+\](\[[^]]*\])? ", "", line)
        if text.startswith("evidence: "):
            parts[text.removeprefix("evidence: ")] = lines = []
        lines.append(text)
    return parts


@pytest.fixture(scope="session")
def boot():
    """The boot of a plan, which is run once."""
    boots = {}

    def boot_of(plan):
        if plan not in boots:
            boots[plan] = Boot(plan)
        if boots[plan].failure:
            pytest.fail(boots[plan].failure)
        return boots[plan]

    return boot_of
