# SPDX-License-Identifier: Apache-2.0
"""Requests for conditions that make no sense; and changing, asking and listing watches that run."""

import os

import pytest

import abi
from abi import outcome
from conditions import MILLISECOND, Real, real
from eventually import eventually
from memory import Place, assert_ended, unmap
from subjects import PAGE, Child, Variable

NEVER_AGAIN = 86400
NAN, INFINITY = float("nan"), float("inf")


def bad_conditions():
    """What a request has that one of VMON_GREATER with 150 has not, and its errno."""
    for comparison in 10, 255:
        yield {"comparison": comparison}, "EINVAL"
    for flags in 8, 128, abi.FLOAT | abi.UNSIGNED:
        yield {"flags": flags}, "EINVAL"
    for length in 1, 2:
        yield {"length": length, "flags": abi.FLOAT}, "EINVAL"
    yield {"high": 1}, "EINVAL"
    yield {"rearm": 1}, "EINVAL"
    yield {"flags": abi.REARM, "rearm": 151}, "EINVAL"
    yield {"flags": abi.REARM, "comparison": abi.LESS, "rearm": 149}, "EINVAL"
    for comparison in range(abi.EQUAL, abi.BITS_ALL + 1):
        if comparison != abi.CHANGED:
            yield {"flags": abi.REARM, "comparison": comparison, "high": 150 * (comparison == abi.OUTSIDE)}, "EINVAL"
    yield {"comparison": abi.OUTSIDE, "high": 149}, "EINVAL"
    yield {"comparison": abi.OUTSIDE, "threshold": 0, "high": 2**64 - 1}, "EINVAL"
    yield {"comparison": abi.CHANGED}, "EINVAL"
    yield {"comparison": abi.UNCHANGED, "threshold": 0}, "EINVAL"
    for comparison in abi.BITS_ANY, abi.BITS_ALL:
        yield {"comparison": comparison, "threshold": 0}, "EINVAL"
        yield {"comparison": comparison, "length": 1, "threshold": 256}, "EINVAL"
        yield {"comparison": comparison, "flags": abi.FLOAT}, "EINVAL"
    yield {"flags": abi.FLOAT, "threshold": real(NAN)}, "EINVAL"
    yield {"flags": abi.FLOAT, "length": 4, "threshold": 1 << 32}, "EINVAL"
    for threshold in -1.0, INFINITY, NAN:
        yield {"flags": abi.FLOAT, "comparison": abi.CHANGED_BY, "threshold": real(threshold)}, "EINVAL"
    yield {"ticks": abi.TICKS_MAX + 1}, "ERANGE"
    yield {"ticks": 2**32 - 1}, "ERANGE"
    yield {"history": abi.HISTORY_MAX + 1}, "ERANGE"
    yield {"history": 2**32 - 1}, "ERANGE"
    for place in range(24):
        yield {"reserved1": bytes(place) + b"\1"}, "EINVAL"
    # What the other request refuses, too.
    yield {"reserved0": 1}, "EINVAL"
    yield {"reserved": b"\1"}, "EINVAL"
    yield {"length": 3}, "EINVAL"
    yield {"name": b"sixteen bytes..."}, "ENAMETOOLONG"
    yield {"interval_ns": 999}, "ERANGE"
    yield {"address": 0}, "EFAULT"
    yield {"pid": 2**31 - 1}, "ESRCH"


def good_request(variable):
    return {"address": variable.address, "length": 8, "threshold": 150, "interval_ns": MILLISECOND, "name": b"temp"}


def test_a_bad_condition_has_its_errno_and_leaves_everything_as_it_was(module, session):
    variable = Variable()
    good = good_request(variable)
    session.request_condition(**good, history=8)
    before = module.holds()
    assert before == (1, 1, PAGE)
    cases = list(bad_conditions())
    found = [(change, outcome(session.request_condition, **{**good, **change}), module.holds()) for change, _ in cases]
    assert found == [(change, error, before) for change, error in cases]


def test_conditions_at_the_limits_of_what_is_good_succeed(module, session):
    variable = Variable()
    good = good_request(variable)
    for change in ({"ticks": abi.TICKS_MAX}, {"history": abi.HISTORY_MAX}, {"history": 1}, {"ticks": 1},
                   {"flags": abi.REARM, "rearm": 150}, {"comparison": abi.OUTSIDE, "high": 150},
                   {"comparison": abi.UNCHANGED, "threshold": 2**64 - 1}, {"comparison": abi.CHANGED, "threshold": 0},
                   {"comparison": abi.CHANGED_BY, "threshold": 2**64 - 1},
                   {"comparison": abi.BITS_ALL, "threshold": 2**64 - 1},
                   {"comparison": abi.BITS_ANY, "length": 1, "threshold": 255},
                   {"flags": abi.FLOAT, "threshold": real(-INFINITY)},
                   {"flags": abi.FLOAT, "length": 4, "threshold": real(-0.0, 4)}):
        assert outcome(session.request_condition, **{**good, **change}) == "success", change
    session.cancel_all()
    assert module.holds() == (0, 0, 0)


def test_the_request_without_conditions_knows_none(module, session):
    variable = Variable()
    good = good_request(variable)
    for change in {"comparison": abi.EQUAL}, {"flags": abi.FLOAT}, {"flags": abi.REARM}, {"flags": 8}:
        assert outcome(session.request, **{**good, **change}) == "EINVAL"


# ---- change ----


def hits_of(records):
    return [record for record in records if record.type == abi.HIT]


@pytest.mark.parametrize("comparison, before, after, flags", [
    (abi.GREATER, {"threshold": 150}, {"threshold": 100}, 0),
    (abi.OUTSIDE, {"threshold": 0, "high": 150}, {"threshold": 121, "high": 150}, 0),
    (abi.BITS_ANY, {"threshold": 1}, {"threshold": 64}, 0),
    (abi.GREATER, {"threshold": 150, "rearm": 100}, {"threshold": 100, "rearm": 50}, abi.REARM),
    (abi.UNCHANGED, {"threshold": 10**18}, {"threshold": 1}, 0),
])
@pytest.mark.module(dump_gap_ms=0)
def test_a_changed_watch_hits_by_its_new_values_and_says_which(module, session, comparison, before, after, flags):
    variable = Variable(120)
    identifier = session.watch_condition(variable, comparison, flags=flags, **before)
    module.wait_for_ticks(50)
    assert module.status()["hits"] == 0
    session.change(identifier, **after)
    module.wait_for_dumps(1)
    records = session.records()
    [hit] = hits_of(records)
    [condition] = [record for record in records if record.type == abi.CONDITION]
    assert (hit.watch_id, hit.value) == (identifier, 120)
    expected = {"threshold": 0, "high": 0, "rearm": 0, **after}
    assert {"threshold": hit.threshold, "high": condition.high, "rearm": condition.rearm} == expected


def test_a_plain_watch_can_be_changed_and_changed_back(module, session):
    variable = Variable(120)
    identifier = session.watch(variable, 150)
    session.change(identifier, threshold=119)
    module.wait_for_status(hits=1)
    other = session.watch(variable, 100, interval_ns=3600 * 10**9)
    session.change(other, threshold=150)
    # Its first tick is at most an hour away, and its value is compared with the new threshold only.
    assert session.state(other).hits == 0


def test_a_hit_tells_the_threshold_of_its_tick_though_the_watch_was_changed_since(module, session):
    session.dump()
    identifier = session.watch(Variable(151), 150)
    module.wait_for_status(hits=1)
    session.change(identifier, threshold=99)
    module.wait_for_dumps(2)
    [hit] = hits_of(session.records())
    assert hit.threshold == 150


def test_a_change_that_makes_no_sense_has_its_errno_and_changes_nothing(module, session):
    variable = Variable(120)
    plain = session.watch(variable, 150)
    outside = session.watch_condition(variable, abi.OUTSIDE, 100, high=150)
    number = session.watch_condition(Real(1.0), abi.CHANGED_BY, real(1.0), flags=abi.FLOAT)
    for identifier, values in ((plain, {"threshold": 1, "high": 1}), (plain, {"threshold": 1, "rearm": 1}),
                               (plain, {"threshold": 1, "reserved": b"\1"}),
                               (outside, {"threshold": 1000, "high": 999}),
                               (number, {"threshold": real(NAN)}), (number, {"threshold": real(-1.0)})):
        assert outcome(session.change, identifier, **values) == "EINVAL", values
    assert outcome(session.change, number + 1, threshold=1) == "ENOENT"
    assert outcome(module.open().change, plain, threshold=1) == "ENOENT"
    module.wait_for_ticks(50)
    assert module.status()["hits"] == 0


# ---- state ----


def test_the_state_tells_hits_mute_and_ticks(module, session):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    variable = Variable()
    identifier = session.watch(variable, 150)
    other = session.watch_condition(variable, abi.EQUAL, 1)
    eventually(lambda: session.state(identifier).timer_ticks >= 50, "ticks of its timer")
    state = session.state(identifier)
    assert (state.hits, state.muted_ticks, state.flags, state.interval_ns) == (0, 0, 0, MILLISECOND)
    assert state.current_interval_ns % MILLISECOND == 0 < state.current_interval_ns
    variable.value = 151
    module.wait_for_status(hits=1)
    eventually(lambda: session.state(identifier).muted_ticks > 10, "ticks while it is muted")
    state = session.state(identifier)
    assert (state.hits, state.flags) == (1, abi.MUTED)
    assert session.state(other).hits == 0


@pytest.mark.module(tick_budget_percent=1)
def test_the_state_tells_that_its_timer_is_throttled(module, session):
    for _ in range(32 * 16):
        identifier = session.watch(Variable(), 150, interval_ns=1000)
    eventually(lambda: session.state(identifier).throttled_ticks > 0, "throttled ticks")
    eventually(lambda: session.state(identifier).current_interval_ns > 1000, "a stretched interval")
    assert session.state(identifier).interval_ns == 1000


@pytest.mark.module(dump_gap_ms=0)
def test_the_state_of_a_watch_that_ended_is_gone(module, session):
    place = Place()
    place.value = 1
    identifier = session.watch_condition(place, abi.GREATER, 150, history=8)
    assert session.state(identifier).hits == 0
    unmap(place.address)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)
    assert outcome(session.state, identifier) == "ENOENT"
    assert outcome(session.change, identifier) == "ENOENT"
    assert session.list() == ([], 0)
    assert outcome(session.state, identifier, reserved=1) == "EINVAL"


# ---- list ----


def test_the_list_is_the_session_s_own_oldest_first_and_bounded(module, session):
    assert session.list() == ([], 0)
    variable = Variable()
    found = [session.watch(variable, 150) for _ in range(40)]
    module.open().watch(variable, 150)
    assert session.list() == (found, 40)
    assert session.list(40) == (found, 40)
    assert session.list(39) == (found[:39], 40)
    assert session.list(0) == ([], 40)
    session.cancel(found.pop(7))
    assert session.list() == (found, 39)
    assert outcome(session.ioctl_at, abi.IOC_LIST, 0) == "EFAULT"


def test_the_list_s_memory_may_be_bad(module, session):
    session.watch(Variable(), 150)
    argument = bytearray(abi.LIST.pack(ids=8, capacity=2**32 - 1))
    page = Variable()
    page.memory[:len(argument)] = argument
    assert outcome(session.ioctl_at, abi.IOC_LIST, page.address) == "EFAULT"
    page.memory[:len(argument)] = abi.LIST.pack(ids=8, capacity=0)
    assert outcome(session.ioctl_at, abi.IOC_LIST, page.address) == "success"


# ---- permission ----


def test_a_session_for_reading_can_ask_and_change_nothing(module):
    reader = module.open(os.O_RDONLY)
    assert outcome(reader.watch_condition, Variable(), abi.CHANGED) == "EBADF"
    assert [outcome(reader.change, 1), outcome(reader.state, 1), outcome(reader.list)] == ["EBADF"] * 3
    assert module.holds() == (0, 0, 0)


def inherited_outcomes(descriptor, identifier):
    session = abi.Session(descriptor=descriptor)
    return [outcome(session.watch_condition, Variable(), abi.CHANGED), outcome(session.change, identifier),
            outcome(session.state, identifier), outcome(session.list)]


def test_a_child_cannot_touch_its_parent_s_watches(module, session):
    identifier = session.watch(Variable(), 150)
    assert Child().run(inherited_outcomes, session.descriptor, identifier) == ["EIO"] * 4
    assert session.list() == ([identifier], 1)


def test_arguments_that_cannot_be_read_are_efault(module, session):
    for number in abi.IOC_WATCH_CONDITION, abi.IOC_CHANGE, abi.IOC_STATE, abi.IOC_LIST:
        for pointer in 0, 8, 0xFFFFFFFF81000000:
            assert outcome(session.ioctl_at, number, pointer) == "EFAULT"
