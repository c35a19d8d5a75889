# SPDX-License-Identifier: Apache-2.0
"""ucli locks, and what it must say of the scenarios of kmod/locktest."""

import json
import subprocess

from eventually import eventually
from locktest import DEADLOCKS

# By testsuite's number. Semaphores and readers name no owner, so that nothing is certain.
VERDICTS = {2: "CYCLE", 3: "LIKELY-CYCLE", 4: "CYCLE", 5: "LIKELY-CYCLE", 6: "CYCLE", 7: "LIKELY-CYCLE",
            8: "SELF", 11: "ORPHAN"}


def run_locks(*arguments):
    """Its exit status, and what it found."""
    done = subprocess.run(["ucli", "locks", "--json", *map(str, arguments)], capture_output=True, encoding="utf-8",
                          check=False)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert found["deadlock"] == (done.returncode == 1)
    return found


def deadlocks(found):
    return [verdict for verdict in found["verdicts"] if verdict["deadlock"]]


def find_deadlock(*arguments):
    """The only one there is, once tasks have waited for long enough."""
    [verdict] = eventually(lambda: deadlocks(run_locks(*arguments)), "a deadlock that is found")
    return verdict


def check_verdict(verdict, number, threads, module="abba"):
    """Against what the module itself says of who holds what."""
    assert verdict["verdict"] == VERDICTS[number]
    waiting = [thread for thread in threads if thread.waits_for != "-"]
    assert [(thread.holds, thread.waits_for) for thread in threads] == DEADLOCKS[number]
    assert {(wait["pid"], wait["lock"]) for wait in verdict["waits"]} == \
        {(thread.pid, f"{thread.waits_for} [{module}]") for thread in waiting}
    assert not verdict["behind"]
    holder_of = {thread.holds: thread.pid for thread in threads}
    for wait in verdict["waits"]:
        holder = holder_of[wait["lock"].split()[0]]
        if "holder" in wait:
            assert wait["holder"]["pid"] == holder
        elif "suspects" in wait:
            assert [suspect["pid"] for suspect in wait["suspects"]] == [holder]
        else:
            assert wait["exited_holder"].get("pid", holder) == holder
