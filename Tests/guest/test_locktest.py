# SPDX-License-Identifier: Apache-2.0
"""The lock tests: each deadlock is reached every time, and each ends."""

import errno
import os
from pathlib import Path

import pytest

from eventually import eventually
from locktest import DEADLOCKS, PREEMPT_RT, SLEEPER, SPINLOCKS, UNLOCK_ORDER, LockTest
from module import set_cpu_online
from subjects import read_proc, state_of

LONG = 3_600_000

each_deadlock = pytest.mark.parametrize("number", DEADLOCKS)


def errno_of(function, *arguments):
    with pytest.raises(OSError) as caught:
        function(*arguments)
    return caught.value.errno


@pytest.fixture
def load(kernel_log):
    """Loads a module; after the test all can be unloaded."""
    loaded = []

    def load_one(name, **parameters):
        module = LockTest(name, **parameters)
        module.load()
        loaded.append(module)
        return module

    yield load_one
    for module in loaded:
        if module.is_loaded:
            module.unload()
        assert not module.is_loaded


# ---- deadlocks ----


@each_deadlock
def test_a_deadlock_is_reached_and_ends_when_told(load, kernel_log, number):
    abba = load("abba", testsuite=number, timeout_ms=LONG)
    threads = abba.wait_for_state("deadlocked")
    assert [(thread.holds, thread.waits_for) for thread in threads] == DEADLOCKS[number]
    for index, thread in enumerate(threads):
        if thread.waits_for == "-":
            eventually(lambda: not thread.is_alive, "a thread that is gone")
            continue
        assert read_proc(thread.pid, "comm") == f"Thread-{index + 1}\n"
        eventually(lambda: state_of(thread.pid) == "D", "a blocked thread")
        stack = read_proc(thread.pid, "stack")
        assert "take" in stack and "[abba]" in stack
        holds = thread.holds if thread.holds != "-" else "nothing"
        assert f"Thread Thread-{index + 1} hold {holds} trying {thread.waits_for}" in kernel_log.read()
        assert f" {thread.waits_for}\t[abba]\n" in Path("/proc/kallsyms").read_text(encoding="utf-8")
    assert abba.get("testsuite") == str(number)
    abba.write("stop")
    status, threads = abba.status()
    assert (status["state"], abba.get("testsuite")) == ("recovered", "0")
    assert int(status["gave_up"]) >= 1
    for thread in threads:
        assert (thread.holds, thread.waits_for) == ("-", "-")
        # Who waits for a thread's end may go on before its number is free.
        eventually(lambda: not thread.is_alive, "a thread that is gone")


@each_deadlock
def test_a_deadlock_ends_by_itself(load, number):
    abba = load("abba", testsuite=number, timeout_ms=500)
    abba.wait_for_state("timed_out")
    # The locks are free again.
    abba.set("timeout_ms", LONG)
    abba.set("testsuite", number)
    abba.wait_for_state("deadlocked")
    abba.set("testsuite", 0)
    assert abba.state() == "recovered"


@each_deadlock
def test_a_deadlock_with_one_thread_that_can_be_rescued_ends_with_the_module(load, number):
    abba = load("abba", testsuite=number, timeout_ms=LONG, rescue=1)
    abba.wait_for_state("deadlocked")
    abba.unload()
    assert not abba.is_loaded


# With two CPUs nobody else runs meanwhile.
@pytest.mark.parametrize("rescue", [3, 1])
def test_spinlocks_deadlock_until_the_time_is_over(load, kernel_log, rescue):
    abba = load("abba", testsuite=SPINLOCKS, timeout_ms=700, rescue=rescue)
    abba.wait_for_state("timed_out")
    assert int(abba.status()[0]["gave_up"]) >= 1
    for first, second in "ab", "ba":
        number = "ab".index(first) + 1
        assert f"Thread Thread-{number} hold spinlock_{first} trying spinlock_{second}" in kernel_log.read()


def test_spinlocks_need_two_cpus(load):
    abba = load("abba")
    others = [path.name[3:] for path in Path("/sys/devices/system/cpu").glob("cpu[1-9]*")]
    for cpu in others:
        set_cpu_online(cpu, False)
    try:
        assert errno_of(abba.set, "testsuite", SPINLOCKS) == errno.EOPNOTSUPP
    finally:
        for cpu in others:
            set_cpu_online(cpu, True)
    assert abba.state() == "idle"


def test_scenarios_end_whatever_moment_it_is(load):
    abba = load("abba", timeout_ms=1000, hold_seconds=1000)
    for _ in range(5):
        for number in [SPINLOCKS, *DEADLOCKS, UNLOCK_ORDER, SLEEPER]:
            abba.set("testsuite", number)
            abba.set("testsuite", 0)
            assert abba.state() in ("recovered", "finished", "timed_out")


# ---- what is no deadlock ----


def test_unlocking_out_of_order_is_harmless(load):
    abba = load("abba", testsuite=UNLOCK_ORDER)
    abba.wait_for_state("finished")
    assert abba.status()[0]["gave_up"] == "0"


def test_a_lock_held_by_a_sleeper_is_slow_but_not_deadlocked(load):
    abba = load("abba", testsuite=SLEEPER, hold_seconds=3)
    eventually(lambda: abba.status()[1][1].waits_for == "mutex_a", "a waiter")
    status, [holder, waiter] = abba.status()
    assert status["state"] == "running"
    assert (holder.holds, holder.waits_for, waiter.holds) == ("mutex_a", "-", "-")
    eventually(lambda: (state_of(holder.pid), state_of(waiter.pid)) == ("S", "D"), "both asleep")
    abba.wait_for_state("finished")
    assert abba.status()[0]["gave_up"] == "0"


def test_without_rescue_the_module_stays_until_the_end(load):
    abba = load("abba", testsuite=SLEEPER, hold_seconds=3, rescue=0)
    assert errno_of(abba.unload) == errno.EAGAIN
    assert errno_of(abba.write, "stop") == errno.EBUSY
    assert errno_of(abba.set, "testsuite", 0) == errno.EBUSY
    abba.wait_for_state("finished")
    abba.unload()


# ---- mutex_recursion and mutex_hold ----


def test_mutex_recursion(load):
    module = load("mutex_recursion", timeout_ms=LONG)
    assert module.status() == ({"scenario": "-", "state": "idle", "threads": "0", "gave_up": "0"}, [])
    module.write("unlock_order")
    module.wait_for_state("finished")
    if PREEMPT_RT:
        assert errno_of(module.write, "recursion") == errno.EOPNOTSUPP
        return
    module.write("recursion")
    [thread] = module.wait_for_state("deadlocked")
    assert (thread.holds, thread.waits_for) == ("mutex_1", "mutex_1")
    assert errno_of(module.write, "unlock_order") == errno.EBUSY
    module.write("stop")
    assert module.state() == "recovered"


def test_mutex_hold(load, kernel_log):
    module = load("mutex_hold", first_seconds=1, second_seconds=2)
    assert module.state() == "idle"
    module.write("one")
    eventually(lambda: module.status()[1][0].holds == "mutex_1", "mutex_1 held")
    module.wait_for_state("finished")
    module.write("two")
    for lock in "mutex_1", "mutex_2":
        eventually(lambda: module.status()[1][0].holds == lock, f"{lock} held")
    module.wait_for_state("finished")
    assert "Thread Thread-1 hold mutex_1 trying mutex_2" in kernel_log.read()


# ---- hostile input ----


@pytest.mark.parametrize("text", ["12", "-1", "x", "1 2", "0x2", "4294967298", "9" * 100, "\0", "2" * 5000])
def test_a_number_without_a_scenario_is_refused(load, text):
    abba = load("abba")
    assert errno_of(abba.set, "testsuite", text) in (errno.EINVAL, errno.ERANGE, errno.E2BIG)
    assert (abba.state(), abba.get("testsuite")) == ("idle", "0")


@pytest.mark.parametrize("parameters", [{"testsuite": 12}, {"testsuite": "x"}, {"testsuite": 2, "timeout_ms": 0},
                                        {"testsuite": 2, "timeout_ms": LONG + 1}])
def test_the_module_is_not_loaded_with_bad_parameters(kernel_log, parameters):
    abba = LockTest("abba", **parameters)
    assert errno_of(abba.load) == errno.EINVAL
    assert not abba.is_loaded


def test_one_scenario_at_a_time(load):
    abba = load("abba", testsuite=2, timeout_ms=LONG)
    assert errno_of(abba.set, "testsuite", 3) == errno.EBUSY
    assert abba.get("testsuite") == "2"


@pytest.mark.parametrize("text", ["0", "2", "x", "-1", "1x", "1" * 5000])
def test_files_take_nothing_but_1(load, text):
    module = load("mutex_recursion")
    for file in "stop", "recursion", "unlock_order":
        assert errno_of(module.write, file, text) in (errno.EINVAL, errno.ERANGE)
    assert module.state() == "idle"


def test_files_are_for_root_alone(load):
    load("mutex_recursion")
    for file in Path("/sys/kernel/debug/mutex_recursion").iterdir():
        assert os.stat(file).st_mode & 0o077 == 0
