# SPDX-License-Identifier: Apache-2.0
"""Boots a guest for each plan: lockdep reports once a boot, and some deadlocks stay."""

import json
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LOCKDEP = ["--kernel", "debug", "--cpus", "1"]
BOOTS = {
    "detectors": ["--kernel", "stock", "--cpus", "3"],
    "for_good": ["--kernel", "stock"],
    "lockdep_spinlock": ["--kernel", "debug"],
    "lockdep_silent": LOCKDEP,
    "lockdep_mutex": LOCKDEP,
    "lockdep_rwsem_write": LOCKDEP,
    "lockdep_rwsem_read": LOCKDEP,
    "lockdep_three_way": LOCKDEP,
    "lockdep_orphan": LOCKDEP,
}


class Boot:
    """A plan of in_guest.py, run in a guest of its own; results are left in build/locks/PLAN."""

    def __init__(self, plan):
        results = PROJECT / "build/locks" / plan
        ran = subprocess.run(
            [PROJECT / "tools/vm", *BOOTS[plan], "--allow-splats", "--timeout", "3000", "--results", results, "--",
             f"/usr/bin/python3 Tests/guest_locks/in_guest.py {plan}"],
            capture_output=True, text=True)
        self.failure = f"{plan}: status {ran.returncode}\n{ran.stdout}{ran.stderr}" if ran.returncode else None
        if not self.failure:
            self.found = json.loads((results / "out/evidence.json").read_text())
            self.logs = parts_of((results / "kernel.log").read_text(errors="replace"))


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
