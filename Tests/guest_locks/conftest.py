# SPDX-License-Identifier: Apache-2.0
"""Boots a guest for each plan, two at a time: lockdep reports once a boot, and some deadlocks stay."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# With ACPI the debug kernel boots three times as long, but without it has one CPU only.
LOCKDEP = ["--kernel", "debug", "--cpus", "1", "--append", "acpi=off"]
# The longest first.
BOOTS = {
    "lockdep_spinlock": ["--kernel", "debug"],
    "detectors": ["--kernel", "stock", "--cpus", "3"],
    "lockdep_silent": LOCKDEP,
    "lockdep_mutex": LOCKDEP,
    "lockdep_rwsem_write": LOCKDEP,
    "lockdep_rwsem_read": LOCKDEP,
    "lockdep_three_way": LOCKDEP,
    "lockdep_orphan": LOCKDEP,
    "for_good": ["--kernel", "stock"],
}
BOOTS_AT_ONCE = 2


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
def all_boots():
    with ThreadPoolExecutor(BOOTS_AT_ONCE) as pool:
        return dict(zip(BOOTS, pool.map(Boot, BOOTS)))


@pytest.fixture
def boot(all_boots):
    def boot_of(plan):
        if all_boots[plan].failure:
            pytest.fail(all_boots[plan].failure)
        return all_boots[plan]

    return boot_of
