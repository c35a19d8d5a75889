# SPDX-License-Identifier: Apache-2.0
"""ucli locks on a machine that is deadlocked, and on one that is not."""

import json
import re
import signal
import subprocess

import pytest

from eventually import eventually
from locks_command import VERDICTS, check_verdict, deadlocks, find_deadlock, run_locks
from locktest import DEADLOCKS, SLEEPER, UNLOCK_ORDER, LockTest
from subjects import Variable, program, read_proc, start, state_of

pytestmark = [pytest.mark.module(dump_gap_ms=0), pytest.mark.one_cpu]
LONG = 3_600_000


@pytest.fixture
def abba(module):
    """The lock tests, unloaded in the end."""
    abba = LockTest("abba", timeout_ms=LONG, hold_seconds=1000)
    abba.load()
    yield abba
    abba.unload()


def begin(abba, number):
    abba.set("testsuite", number)
    return abba.wait_for_state("deadlocked")


def test_every_deadlock_has_its_verdict_and_nothing_is_left(abba):
    assert set(DEADLOCKS) <= set(VERDICTS)
    for number in DEADLOCKS:
        threads = begin(abba, number)
        check_verdict(find_deadlock(), number, threads)
        abba.set("testsuite", 0)
        assert not deadlocks(run_locks())
    listed = subprocess.run(["ucli", "list"], capture_output=True, encoding="utf-8", check=True)
    assert listed.stdout == "", "its own dumps are still in the buffer"


def test_dumps_of_others_stay_in_the_buffer(abba, session):
    session.dump()
    run_locks()
    listed = subprocess.run(["ucli", "list"], capture_output=True, encoding="utf-8", check=True)
    assert [line.split(" at ")[0] for line in listed.stdout.splitlines()][:1] == ["dump 1"]


@pytest.mark.module(dump_gap_ms=5000)
def test_a_hit_that_comes_into_its_own_dump_stays_in_the_buffer(module, session):
    session.dump()
    session.release(session.records()[-1].sequence)
    variable = Variable()
    session.watch(variable, 150)
    variable.value = 151
    eventually(lambda: module.status()["hits"] == 1, "a hit")
    run_locks()
    listed = subprocess.run(["ucli", "list"], capture_output=True, encoding="utf-8", check=True).stdout
    assert "temp = 151 > 150" in listed


def test_what_is_no_deadlock_is_none(abba):
    abba.set("testsuite", UNLOCK_ORDER)
    assert not deadlocks(run_locks())
    abba.wait_for_state("finished")
    abba.set("testsuite", 0)
    abba.set("testsuite", SLEEPER)
    eventually(lambda: abba.status()[1][1].waits_for == "mutex_a", "a waiter")
    _, [holder, waiter] = abba.status()
    eventually(lambda: state_of(waiter.pid) == "D", "a waiter that sleeps")
    [verdict] = [verdict for verdict in run_locks()["verdicts"] if verdict["verdict"] == "CHAIN"]
    assert [wait["pid"] for wait in verdict["waits"]] == [waiter.pid]
    assert (verdict["holder"]["pid"], verdict["activity"]) == (holder.pid, "sleeping")


def test_the_text_says_who_waits_for_what(abba):
    first, second = begin(abba, 2)
    find_deadlock()
    done = subprocess.run(["ucli", "locks"], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"""
CYCLE
  Deadlock: each of 2 tasks waits for a lock that the next one holds, and none can go on.

    ┌▶ Thread-1 ({first.pid})
    │    │ waits for mutex_b [abba], held by
    │    ▼
    │  Thread-2 ({second.pid})
    │    │ waits for mutex_a [abba], held by
    └────┘
""" in done.stdout
    [stack] = re.findall(rf"^  Thread-1 \({first.pid}\) holds mutex_a .*\n    in the kernel\n((?:      .*\n)+)",
                         done.stdout, re.MULTILINE)
    # PREEMPT_RT leaves one frame of the lock.
    assert re.fullmatch(r"(      __rt_mutex_\S+\n)?(      \S+  \[abba\]\n)+", stack), "nothing else is of interest"


def test_a_watch_tells_each_deadlock_once(abba):
    watch = subprocess.Popen(["ucli", "locks", "--watch", "--every", "1", "--json"], stdout=subprocess.PIPE,
                             encoding="utf-8")
    for number in 2, 3:
        threads = begin(abba, number)
        [verdict] = json.loads(watch.stdout.readline())["verdicts"]
        check_verdict(verdict, number, threads)
        abba.set("testsuite", 0)
    watch.send_signal(signal.SIGINT)
    rest, _ = watch.communicate()
    assert (rest, watch.returncode) == ("", 1)


def test_threads_that_hold_each_others_pthread_mutexes(module):
    process = start(program("pthread_deadlock"))
    a, b = (int(word, 16) for word in process.first_line.split())
    assert not deadlocks(run_locks()), "who sleeps interruptibly is only looked at when asked for"
    verdict = find_deadlock("--pid", process.pid)
    assert verdict["verdict"] == "CYCLE"
    names = {wait["comm"]: wait for wait in verdict["waits"]}
    assert {name: int(wait["user_address"], 16) for name, wait in names.items()} == {"first": b, "second": a}
    assert names["first"]["holder"]["pid"] == names["second"]["pid"]
    assert read_proc(process.pid, f"task/{names['first']['pid']}/comm") == "first\n"
