# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest: lets scenarios happen while the kernel's own detectors watch.

usage: in_guest.py PLAN

Lines `evidence: NAME` in the kernel log part the scenarios. What the modules say goes to
$VM_OUT/evidence.json, by the same names.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "guest"))

from eventually import DEADLINE_SECONDS, eventually  # noqa: E402
from locktest import SLEEPER, SPINLOCKS, UNLOCK_ORDER, LockTest  # noqa: E402
from module import MODULE_FILE, KernelLog, load_file  # noqa: E402
from subjects import rounds_of_hang_detector  # noqa: E402

LONG = 3_600_000
HUNG_SECONDS = 3
found = {}
log = KernelLog()


def begin(name):
    """A new part of the log, and the dictionary of what is found in it."""
    Path("/dev/kmsg").write_text(f"evidence: {name}\n", encoding="ascii")
    return found.setdefault(name, {})


def status_of(module):
    status, threads = module.status()
    return {"state": status["state"], "pids": [thread.pid for thread in threads]}


def refusal(function, *arguments):
    """The error's number, or None."""
    try:
        function(*arguments)
    except OSError as error:
        return error.errno


# ---- the detectors of every kernel ----


def lower_thresholds():
    for path, value in {
        "/proc/sys/kernel/hung_task_timeout_secs": HUNG_SECONDS,
        "/proc/sys/kernel/hung_task_check_interval_secs": 1,
        "/proc/sys/kernel/hung_task_warnings": -1,
        # A CPU is locked up after twice that.
        "/proc/sys/kernel/watchdog_thresh": 2,
        "/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout": 4,
    }.items():
        Path(path).write_text(str(value), encoding="ascii")


def is_reported(pid):
    """Whether the kernel has found this task hung, and has printed its stack to the end."""
    lines = log.read()
    begins = [at for at, line in enumerate(lines) if f":{pid} blocked for more than" in line]
    return begins and any("</TASK>" in line for line in lines[begins[0]:])


def wait_until_hung(pids):
    for pid in pids:
        eventually(lambda: is_reported(pid), f"{pid} found hung")


def wait_for_detector():
    """Waits for rounds enough of khungtaskd to find what it will ever find."""
    time.sleep(HUNG_SECONDS)
    until = rounds_of_hang_detector() + 3
    eventually(lambda: rounds_of_hang_detector() >= until, "rounds of the hang detector")


def hang(name, number, blocked, **parameters):
    """A deadlock whose threads of these numbers are found hung, and what stopping it says."""
    part = begin(name)
    abba = LockTest("abba", testsuite=number, timeout_ms=LONG, **parameters)
    abba.load()
    abba.wait_for_state("deadlocked")
    part.update(status_of(abba))
    wait_until_hung([part["pids"][thread - 1] for thread in blocked])
    part["stop"] = refusal(abba.write, "stop")
    part["rmmod"] = refusal(abba.unload)


def detectors():
    """Each scenario, with its last thread rescued at the end; those for good come last."""
    lower_thresholds()
    hang("semaphore", 3, [1], rescue=1)
    hang("rwsem_write", 4, [1], rescue=1)
    hang("rwsem_read", 5, [1], rescue=1)
    hang("three_way", 6, [1, 2], rescue=1)
    hang("mutex_semaphore", 7, [1], rescue=1)

    part = begin("unlock_order")
    abba = LockTest("abba", testsuite=UNLOCK_ORDER, rescue=0)
    abba.load()
    abba.wait_for_state("finished")
    wait_for_detector()
    part.update(status_of(abba))
    abba.unload()

    part = begin("sleeper")
    abba = LockTest("abba", testsuite=SLEEPER, hold_seconds=4 * HUNG_SECONDS, timeout_ms=LONG, rescue=0)
    abba.load()
    wait_until_hung([abba.status()[1][1].pid])
    abba.wait_for_state("finished")
    part.update(status_of(abba))
    abba.unload()

    part = begin("spinlock")
    abba = LockTest("abba", testsuite=SPINLOCKS, timeout_ms=15000, rescue=1)
    abba.load()
    abba.wait_for_state("timed_out")
    part.update(status_of(abba))
    abba.unload()

    part = begin("recursion")
    recursion = LockTest("mutex_recursion", rescue=0)
    recursion.load()
    recursion.write("recursion")
    recursion.wait_for_state("deadlocked")
    part.update(status_of(recursion))
    wait_until_hung(part["pids"])

    hang("orphan", 11, [2], rescue=0)


def for_good():
    """The plainest deadlock: nobody sees threads that wait killably, everybody the others."""
    lower_thresholds()
    part = begin("killable")
    abba = LockTest("abba", testsuite=2, timeout_ms=LONG)
    abba.load()
    abba.wait_for_state("deadlocked")
    wait_for_detector()
    part.update(status_of(abba))
    abba.unload()
    load_file(MODULE_FILE, "dump_on_hang=1")
    watch = subprocess.Popen(["ucli", "locks", "--watch", "--json"], stdout=subprocess.PIPE, text=True)
    hang("mutex", 2, [1, 2], rescue=0)
    found["mutex"]["ucli"] = what_it_told(watch)


def what_it_told(watch):
    """The verdicts of ucli locks --watch, and its exit status."""
    select.select([watch.stdout], [], [], DEADLINE_SECONDS)
    watch.send_signal(signal.SIGINT)
    lines = watch.communicate()[0].splitlines()
    return {"verdicts": [verdict for line in lines for verdict in json.loads(line)["verdicts"]],
            "status": watch.returncode}


PLANS = {"detectors": detectors, "for_good": for_good}

if __name__ == "__main__":
    PLANS[sys.argv[1]]()
    begin("end")
    Path(os.environ["VM_OUT"], "evidence.json").write_text(json.dumps(found), encoding="utf-8")
