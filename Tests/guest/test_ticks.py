# SPDX-License-Identifier: Apache-2.0
"""On which CPU ticks run, what they may cost, and what a muted watch misses."""

import os
import re
import time

import pytest

import abi
from conditions import wait_for_samples
from dumps import dumps_of
from eventually import SLOWNESS, eventually
from module import set_cpu_online
from subjects import Variable

MILLISECOND = 1_000_000
AT_ONCE = pytest.mark.module(dump_gap_ms=0)
SMALL_DUMPS = pytest.mark.module(dump_gap_ms=0, max_tasks=1)


class Watches:
    """Watches of given intervals that can be made to hit, to see where each one's ticks run."""

    def __init__(self, module, intervals):
        module.set_knob("dump_reset_sec", 1)
        self.session = module.open()
        self.variables = {}
        for interval_ns in intervals:
            variable = Variable()
            self.variables[self.session.watch(variable, 150, interval_ns=interval_ns)] = variable

    def cpus(self):
        """Lets each hit once; the CPU of each one's tick, in order."""
        found = {}
        for variable in self.variables.values():
            variable.value = 151

        def all_hit():
            for record in self.session.records():
                if record.type == abi.HIT and record.watch_id in self.variables:
                    found[record.watch_id] = record.tick_cpu
                    self.variables[record.watch_id].value = 0
            return len(found) == len(self.variables)

        eventually(all_hit, "a hit of each watch")
        return [found[identifier] for identifier in self.variables]


@pytest.fixture
def second_cpu(two_cpus):
    """Takes it away and gives it back; it is there again after the test."""
    yield lambda online: set_cpu_online(1, online)
    set_cpu_online(1, True)


# With the usual budget, a CPU that was away for a millisecond is one that cannot carry more.
@pytest.mark.module(dump_gap_ms=0, max_tasks=1, tick_budget_percent=90)
def test_watches_of_one_interval_share_a_cpu_and_others_spread(module, two_cpus):
    [cpu] = set(Watches(module, [MILLISECOND] * 40).cpus())
    assert module.status()["groups"] == 2
    # Together they interrupt less often than the first.
    assert Watches(module, [3 * MILLISECOND, 4 * MILLISECOND]).cpus() == [1 - cpu] * 2
    assert Watches(module, [2 * MILLISECOND, 5 * MILLISECOND]).cpus() == [1 - cpu, cpu]


@SMALL_DUMPS
def test_watches_leave_a_cpu_that_goes_offline_and_spread_again_when_it_is_back(module, second_cpu):
    watches = Watches(module, [2 * MILLISECOND, 3 * MILLISECOND, 5 * MILLISECOND, 7 * MILLISECOND])
    before = watches.cpus()
    assert set(before) == {0, 1}
    second_cpu(False)
    assert set(watches.cpus()) == {0}
    second_cpu(True)
    assert watches.cpus() == before


@SMALL_DUMPS
def test_a_watch_started_while_a_cpu_is_away_goes_elsewhere(module, second_cpu):
    second_cpu(False)
    assert Watches(module, [2 * MILLISECOND, 3 * MILLISECOND]).cpus() == [0, 0]


# ---- shared interrupts ----

SAMPLES = 32


def watch_and_keep(session, interval_ns):
    return session.watch_condition(Variable(), abi.CHANGED, history=SAMPLES, interval_ns=interval_ns)


def tick_times(session, identifiers):
    """When the last ticks of each of these watches were; of the same time for all."""
    for identifier in identifiers:
        wait_for_samples(session, identifier, SAMPLES)
    session.dump(pid=os.getpid())
    [dump] = dumps_of(session.records())
    kept = {history.watch_id: [time_ns for time_ns, _ in history.samples] for history in dump.histories}
    begin = max(times[0] for times in kept.values())
    end = min(times[-1] for times in kept.values())
    return [[time_ns for time_ns in kept[identifier] if begin <= time_ns <= end] for identifier in identifiers]


# With the usual budget, a CPU that was away for a millisecond is one that cannot carry more.
@pytest.mark.module(dump_gap_ms=0, tick_budget_percent=90)
def test_groups_of_one_interval_are_compared_in_one_tick(module, session):
    first = watch_and_keep(session, 10 * MILLISECOND)
    for _ in range(31):
        session.watch(Variable(), 150, interval_ns=10 * MILLISECOND)
    second = watch_and_keep(session, 10 * MILLISECOND)
    assert module.status()["groups"] == 2
    one, other = tick_times(session, [first, second])
    assert one == other
    assert len(one) >= SAMPLES // 2


@AT_ONCE
def test_intervals_that_are_multiples_of_each_other_meet_in_one_interrupt(session, second_cpu):
    second_cpu(False)
    short = watch_and_keep(session, 20 * MILLISECOND)
    time.sleep(0.007)
    long = watch_and_keep(session, 40 * MILLISECOND)
    shorts, longs = tick_times(session, [short, long])
    assert len(longs) >= SAMPLES // 4
    # One right after the other, unless the guest itself was stopped in between.
    apart = [min(abs(time_ns - other) for other in shorts) for time_ns in longs]
    assert sum(gap < MILLISECOND for gap in apart) > len(apart) // 2, apart


# ---- the budget ----


# Of a budget of one percent: a tick during which the host runs others pays for a part of that time alone.
SHARE_MOST = 0.03


def start_too_many(session):
    for _ in range(32 * 16):
        session.watch(Variable(), 150, interval_ns=1000)


@pytest.mark.module(tick_budget_percent=1)
def test_ticks_past_their_budget_are_throttled_counted_and_logged_once(module, session, kernel_log):
    start_too_many(session)
    for count in 1, 1000:
        eventually(lambda: module.status()["throttled_ticks"] >= count, "throttled ticks")
    lines = [line for line in kernel_log.read() if re.search("intervals are stretched", line)]
    assert len(lines) == 1
    assert "variable_monitor: ticks need more than tick_budget_percent=1 of a CPU" in lines[0]


@pytest.mark.module(tick_budget_percent=1)
def test_ticks_take_no_more_of_each_cpu_than_their_budget(module, session):
    start_too_many(session)
    eventually(lambda: module.status()["throttled_ticks"] > 0, "throttled ticks")
    before, began = module.status(), time.monotonic_ns()
    eventually(lambda: module.status()["throttled_ticks"] >= before["throttled_ticks"] + 1000, "throttled ticks")
    after, ended = module.status(), time.monotonic_ns()
    share = (after["tick_time_ns"] - before["tick_time_ns"]) / (ended - began) / os.cpu_count()
    assert 0 < share < SHARE_MOST
    assert after["interrupt_ns"] > 0, "an interrupt costs nothing"


def test_a_throttled_watch_still_hits(module, session):
    page = Variable()
    for _ in range(32 * 16):
        session.watch(page, 150, interval_ns=1000)
    eventually(lambda: module.status()["throttled_ticks"] > 0, "throttled ticks")
    page.value = 151
    module.wait_for_status(hits=32 * 16)


# ---- mute ----


@AT_ONCE
def test_a_hit_tells_at_how_many_ticks_it_held_while_muted(module, session):
    module.set_knob("dump_reset_sec", 1)
    variable = Variable(151)
    session.watch(variable, 150)
    hits = []

    def two_hits():
        hits.extend(record for record in session.records() if record.type == abi.HIT)
        return len(hits) >= 2

    eventually(two_hits, "two hits")
    assert hits[0].muted_ticks == 0
    # Muted for a second or more, at a millisecond each, on a slow machine perhaps less often.
    assert 0 < hits[1].muted_ticks <= (hits[1].tick_ns - hits[0].tick_ns) // MILLISECOND


@AT_ONCE
def test_a_watch_that_did_not_hold_while_muted_says_so(module, session):
    module.set_knob("dump_reset_sec", 0)
    variable = Variable(151)
    session.watch(variable, 150, interval_ns=500 * MILLISECOND * SLOWNESS)
    module.wait_for_dumps(1)
    variable.value = 0
    module.wait_for_ticks(3)
    # Else there may be a third before they are read.
    module.set_knob("dump_reset_sec", 86400)
    variable.value = 151
    module.wait_for_dumps(2)
    assert [record.muted_ticks for record in session.records() if record.type == abi.HIT] == [0, 0]
