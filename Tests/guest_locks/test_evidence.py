# SPDX-License-Identifier: Apache-2.0
"""What a stock kernel and lockdep say about each scenario: docs/locks.md tells it."""

import errno
import re

import pytest

HUNG = re.compile(r"INFO: task (Thread-\d):(\d+) blocked for more than \d+ seconds")
SOFT_LOCKUP = re.compile(r"BUG: soft lockup - CPU#\d+ stuck for \d+s! \[(Thread-\d):\d+\]")
RCU_STALL = re.compile(r"rcu: INFO: rcu_\w+ .*detected .*stall")
LOCKDEP = {
    "circular": "WARNING: possible circular locking dependency detected",
    "recursive": "WARNING: possible recursive locking detected",
    "held": "still has locks held!",
}


def hung_threads(boot, name):
    """The numbers of this scenario's threads that were found hung."""
    pids = boot.found[name]["pids"]
    found = {int(match[2]) for line in boot.logs[name] if (match := HUNG.search(line))}
    return [number for number, pid in enumerate(pids, 1) if pid in found]


def says(boot, name, pattern):
    return any(re.search(pattern, line) for line in boot.logs[name])


def lockdep_reports(boot, name):
    return [kind for kind, text in LOCKDEP.items() if any(text in line for line in boot.logs[name])]


# ---- the stock kernel ----


# Where the stack says what it waits for: the kernel leaves nothing else.
@pytest.mark.parametrize(("name", "hung", "blocked_in"), [
    ("semaphore", [1], "__down"),
    ("rwsem_write", [1], "rwsem_down_write_slowpath"),
    ("rwsem_read", [1], "rwsem_down_write_slowpath"),
    ("three_way", [1, 2], "__mutex_lock"),
    ("mutex_semaphore", [1], "__down"),
])
def test_the_hung_task_detector_finds_who_waits_plainly_and_no_one_else(boot, name, hung, blocked_in):
    detectors = boot("detectors")
    assert detectors.found[name]["state"] == "deadlocked"
    assert hung_threads(detectors, name) == hung
    assert says(detectors, name, rf"^ {blocked_in}\S*\+0x")
    # And all the same it is over when told.
    assert (detectors.found[name]["stop"], detectors.found[name]["rmmod"]) == (None, None)


@pytest.mark.parametrize(("name", "hung"), [("recursion", [1]), ("orphan", [2])])
def test_it_finds_a_task_that_waits_for_itself_or_for_nobody(boot, name, hung):
    detectors = boot("detectors")
    assert hung_threads(detectors, name) == hung
    assert says(detectors, name, r"^ __mutex_lock\S*\+0x")


def test_it_takes_a_slow_lock_for_a_hang(boot):
    detectors = boot("detectors")
    assert hung_threads(detectors, "sleeper") == [2]
    assert detectors.found["sleeper"]["state"] == "finished"


def test_unlocking_out_of_order_passes_unnoticed(boot):
    detectors = boot("detectors")
    assert hung_threads(detectors, "unlock_order") == []
    assert detectors.found["unlock_order"]["state"] == "finished"


def test_spinlocks_are_a_soft_lockup_and_an_rcu_stall_and_never_a_hung_task(boot):
    detectors = boot("detectors")
    locked_up = {match[1] for line in detectors.logs["spinlock"] if (match := SOFT_LOCKUP.search(line))}
    assert locked_up == {"Thread-1", "Thread-2"}
    assert says(detectors, "spinlock", RCU_STALL)
    assert says(detectors, "spinlock", r"native_queued_spin_lock_slowpath")
    assert hung_threads(detectors, "spinlock") == []


def test_what_sleeps_is_neither_a_soft_lockup_nor_an_rcu_stall(boot):
    detectors = boot("detectors")
    for name in detectors.logs.keys() - {"spinlock"}:
        assert not any("Thread-" in line and SOFT_LOCKUP.search(line) for line in detectors.logs[name])
        assert not says(detectors, name, RCU_STALL)


def test_a_killable_wait_is_never_found_hung(boot):
    for_good = boot("for_good")
    assert for_good.found["killable"]["state"] == "deadlocked"
    assert hung_threads(for_good, "killable") == []


def test_without_rescue_a_deadlock_stays_and_the_module_with_it(boot):
    for_good = boot("for_good")
    assert hung_threads(for_good, "mutex") == [1, 2]
    assert for_good.found["mutex"]["stop"] == errno.EBUSY
    assert for_good.found["mutex"]["rmmod"] == errno.EAGAIN
    orphan = boot("detectors").found["orphan"]
    assert (orphan["stop"], orphan["rmmod"]) == (errno.EBUSY, errno.EAGAIN)


def test_ucli_locks_names_the_cycle_of_a_hang_that_it_waited_for(boot):
    mutex = boot("for_good").found["mutex"]
    [verdict] = mutex["ucli"]["verdicts"]
    assert (verdict["verdict"], mutex["ucli"]["status"]) == ("CYCLE", 1)
    assert sorted(wait["pid"] for wait in verdict["waits"]) == sorted(mutex["pids"])


# ---- lockdep ----


@pytest.mark.parametrize(("name", "chain"), [
    ("spinlock", "ab"), ("mutex", "ab"), ("rwsem_write", "ab"), ("rwsem_read", "ab"), ("three_way", "abc"),
])
def test_lockdep_reports_a_wrong_order(boot, name, chain):
    debug = boot(f"lockdep_{name}")
    assert lockdep_reports(debug, name) == ["circular"]
    assert not debug.found[name]["lockdep_is_on"]
    kind = {"three_way": "mutex"}.get(name, name.split("_")[0])
    for letter in chain:
        assert says(debug, name, rf"-> #\d \({kind}_{letter}\)")
        # /proc/lockdep has the class, and what was taken while it was held.
        assert any(re.search(rf": {kind}_{letter}$", text.splitlines()[0]) for text in debug.found[name]["classes"])
    assert any(f"] {kind}_" in text for text in debug.found[name]["classes"])


def test_lockdep_reports_a_lock_taken_twice(boot):
    debug = boot("lockdep_silent")
    assert lockdep_reports(debug, "recursion") == ["recursive"]
    assert not debug.found["recursion"]["lockdep_is_on"]


def test_lockdep_reports_a_task_that_ends_with_a_lock_held(boot):
    debug = boot("lockdep_orphan")
    assert lockdep_reports(debug, "orphan") == ["held"]
    assert not debug.found["orphan"]["lockdep_is_on"]


@pytest.mark.parametrize(("name", "state"), [
    ("semaphore", "deadlocked"), ("mutex_semaphore", "deadlocked"),
    ("unlock_order", "finished"), ("sleeper", "finished"), ("mutex_hold", "finished"),
])
def test_lockdep_says_nothing_of_semaphores_and_of_what_is_harmless(boot, name, state):
    debug = boot("lockdep_silent")
    assert debug.found[name]["state"] == state
    assert lockdep_reports(debug, name) == []
    assert debug.found[name]["lockdep_is_on"]
