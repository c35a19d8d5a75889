# SPDX-License-Identifier: Apache-2.0
"""Conditions other than a threshold: when a watch hits, when it does not, and what its hit says."""

import pytest

import abi
from conditions import MILLISECOND, SECOND, Real, pause, real
from eventually import eventually
from memory import MADV_DONTNEED, Place, advise, peek
from subjects import Child, Variable

pytestmark = pytest.mark.module(dump_gap_ms=0, max_tasks=1, user_stack_bytes=0)
NEVER_AGAIN = 86400


class Reader:
    """Collects a session's hits, each with the record of its condition."""

    def __init__(self, module):
        self.session, self.records = module.open(), []

    def hits(self):
        self.records += self.session.records()
        return [hit for hit in self.records if hit.type == abi.HIT]

    def wait_for_hits(self, count):
        eventually(lambda: len(self.hits()) >= count, f"{count} hits")
        return self.hits()

    def condition_of(self, hit):
        """The record right behind the hit's."""
        def found():
            self.hits()
            return [record for record in self.records if record.sequence == hit.sequence + 1]

        [record] = eventually(found, "a record behind the hit's")
        assert (record.type, record.watch_id, record.dump_id) == (abi.CONDITION, hit.watch_id, hit.dump_id)
        return record


@pytest.fixture
def reader(module):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    return Reader(module)


# ---- comparisons with constants ----


def constant_conditions():
    """comparison, length, signed, threshold, high, values that are no hits, value that is one"""
    for length in 1, 2, 4, 8:
        for signed in True, False:
            low = -2 ** (8 * length - 1) if signed else 0
            top = low + 2 ** (8 * length) - 1
            yield abi.EQUAL, length, signed, low, 0, [top, low + 1], low
            yield abi.EQUAL, length, signed, top, 0, [low, top - 1], top
            yield abi.NOT_EQUAL, length, signed, low, 0, [low], top
            yield abi.NOT_EQUAL, length, signed, top, 0, [top], low
            yield abi.OUTSIDE, length, signed, low + 1, top - 1, [low + 1, top - 1], low
            yield abi.OUTSIDE, length, signed, low + 1, top - 1, [low + 1, top - 1], top
            yield abi.OUTSIDE, length, signed, low, top - 1, [low, top - 1], top
            yield abi.OUTSIDE, length, signed, 5, 5, [5], 6
            bit = 1 << (8 * length - 1)
            yield abi.BITS_ANY, length, False, bit | 1, 0, [0, bit - 2], bit
            yield abi.BITS_ALL, length, False, bit | 1, 0, [1, bit, top - 1 - bit], bit | 1
    yield abi.BITS_ANY, 4, True, 1 << 31, 0, [2**31 - 1], -1
    for comparison, threshold in (abi.GREATER, 150), (abi.LESS, -150):
        yield comparison, 4, True, threshold, 0, [threshold], 2 * threshold


def test_every_comparison_holds_at_its_edges_and_not_beside_them(module, session, reader):
    cases = list(constant_conditions())
    variables = {}
    for comparison, length, signed, threshold, high, misses, value in cases:
        variable = Variable(misses[0], length, signed)
        identifier = session.watch_condition(variable, comparison, threshold, high=high)
        variables[identifier] = variable, (comparison, threshold, high, value), misses
    for place in range(3):
        for variable, _, misses in variables.values():
            variable.value = misses[min(place, len(misses) - 1)]
        module.wait_for_ticks(50)
        assert reader.hits() == []
    for variable, (_, _, _, value), _ in variables.values():
        variable.value = value
    mask = 2**64 - 1
    found = {hit.watch_id: (hit.comparison, hit.threshold, reader.condition_of(hit).high, hit.value)
             for hit in reader.wait_for_hits(len(cases))}
    assert found == {identifier: tuple(number & mask for number in expected)
                     for identifier, (_, expected, _) in variables.items()}


def test_a_range_that_is_the_whole_type_is_never_left(module, session, reader):
    for signed, low, high in (True, -128, 127), (False, 0, 255):
        variable = Variable(low, 1, signed)
        session.watch_condition(variable, abi.OUTSIDE, low, high=high)
    whole = Variable(-2**63)
    session.watch_condition(whole, abi.OUTSIDE, -2**63, high=2**63 - 1)
    module.wait_for_ticks(50)
    whole.value = 2**63 - 1
    module.wait_for_ticks(50)
    assert reader.hits() == []


# ---- reals ----


def real_conditions():
    """comparison, length, threshold, high, values that are no hits, value that is one"""
    tiny, most, infinity, nan = 5e-324, 1.7976931348623157e308, float("inf"), float("nan")
    yield abi.GREATER, 8, 0.0, 0.0, [-0.0, 0.0, -infinity, nan], tiny
    yield abi.GREATER, 8, most, 0.0, [most, -infinity], infinity
    yield abi.GREATER, 8, 0.1, 0.0, [0.1, -0.2], 0.1 + 2**-56
    yield abi.LESS, 8, -0.0, 0.0, [0.0, -0.0, infinity, nan], -tiny
    yield abi.LESS, 8, -most, 0.0, [-most, nan], -infinity
    yield abi.EQUAL, 8, 0.0, 0.0, [tiny, -tiny, nan], -0.0
    yield abi.EQUAL, 8, infinity, 0.0, [most, nan], infinity
    yield abi.NOT_EQUAL, 8, -0.0, 0.0, [0.0, -0.0, nan], tiny
    yield abi.OUTSIDE, 8, -1.5, 2.5, [-1.5, 2.5, nan, -0.0], -1.5000000000000002
    yield abi.OUTSIDE, 8, -1.5, 2.5, [-1.5, 2.5, nan], infinity
    yield abi.GREATER, 4, 150.0, 0.0, [150.0, -151.0, nan], 150.0000152587890625
    yield abi.LESS, 4, -150.0, 0.0, [-150.0, 151.0, nan], -infinity
    yield abi.OUTSIDE, 4, 0.0, 1.0, [0.0, -0.0, 1.0, nan], -1.401298464324817e-45


def test_reals_hit_as_c_compares_them_and_a_nan_never(module, session, reader):
    cases = list(real_conditions())
    variables = {}
    for comparison, length, threshold, high, misses, value in cases:
        variable = Real(misses[0], length)
        identifier = session.watch_condition(
            variable, comparison, real(threshold, length), flags=abi.FLOAT,
            high=real(high, length) if comparison == abi.OUTSIDE else 0)
        variables[identifier] = variable, misses, value
    for place in range(4):
        for variable, misses, _ in variables.values():
            variable.value = misses[min(place, len(misses) - 1)]
        module.wait_for_ticks(50)
        assert reader.hits() == []
    for variable, _, value in variables.values():
        variable.value = value
    found = {hit.watch_id: (hit.value, hit.flags) for hit in reader.wait_for_hits(len(cases))}
    assert found == {identifier: (real(variable.value, variable.length), abi.FLOAT)
                     for identifier, (variable, _, _) in variables.items()}


# ---- from tick to tick ----


def test_a_change_hits_and_says_from_which_value_and_when(module, session, reader):
    variable = Variable(7, length=4)
    identifier = session.watch_condition(variable, abi.CHANGED)
    module.wait_for_ticks(50)
    assert reader.hits() == []
    variable.value = -7
    [hit] = reader.wait_for_hits(1)
    condition = reader.condition_of(hit)
    assert (hit.watch_id, hit.value, hit.comparison) == (identifier, 2**64 - 7, abi.CHANGED)
    assert (condition.known, condition.previous) == (abi.KNOWN_PREVIOUS, 7)
    assert (condition.unchanged_ns, condition.ticks, condition.ticks_held) == (0, 1, 1)
    assert 0 < hit.tick_ns - condition.previous_ns < 60 * SECOND


@pytest.mark.parametrize("signed", [True, False])
def test_a_change_by_the_limit_is_no_hit_and_by_one_more_is(module, session, reader, signed):
    low, top = (-128, 127) if signed else (0, 255)
    variable = Variable(low, 1, signed)
    session.watch_condition(variable, abi.CHANGED_BY, 254)
    pause(module)
    for value in low + 254, low, low + 1, top, low + 1:
        variable.value = value
        pause(module)
    assert reader.hits() == []
    variable.value = low
    pause(module)
    variable.value = top
    [hit] = reader.wait_for_hits(1)
    assert hit.value == top
    assert reader.condition_of(hit).previous == low & 2**64 - 1


def test_a_real_that_changes_by_one_bit_more_than_the_limit_hits(module, session, reader):
    variable = Real(1.0)
    session.watch_condition(variable, abi.CHANGED_BY, real(0.5), flags=abi.FLOAT)
    pause(module)
    for value in 1.5, 1.0, float("nan"), 7.0, 7.5:
        variable.value = value
        pause(module)
    assert reader.hits() == []
    variable.value = 8.000000000000002
    [hit] = reader.wait_for_hits(1)
    assert reader.condition_of(hit).previous == real(7.5)


def test_a_heartbeat_that_stops_hits_after_its_time_and_not_while_it_beats(module, session, reader):
    variable = Variable(0)
    session.watch_condition(variable, abi.UNCHANGED, SECOND)
    for beat in range(40):
        variable.value = beat
        module.wait_for_ticks(20)
    assert reader.hits() == []
    [hit] = reader.wait_for_hits(1)
    condition = reader.condition_of(hit)
    assert (hit.value, hit.threshold, condition.previous) == (39, SECOND, 39)
    assert SECOND <= condition.unchanged_ns < 60 * SECOND


def test_a_row_of_ticks_hits_only_once_it_is_complete(module, session, reader):
    variable = Variable(151)
    session.watch_condition(variable, abi.GREATER, 150, ticks=20, interval_ns=10 * MILLISECOND)
    [hit] = reader.wait_for_hits(1)
    condition = reader.condition_of(hit)
    assert (condition.ticks, condition.ticks_held) == (20, 20)
    never = Variable(151)
    session.watch_condition(never, abi.GREATER, 150, ticks=abi.TICKS_MAX)
    module.wait_for_ticks(200)
    assert len(reader.hits()) == 1


def test_after_a_hit_the_value_must_come_back_before_the_next(module, session, reader):
    module.set_knob("dump_reset_sec", 0)
    variable = Variable(151)
    identifier = session.watch_condition(variable, abi.GREATER, 150, flags=abi.REARM, rearm=100)
    [hit] = reader.wait_for_hits(1)
    assert (hit.flags, reader.condition_of(hit).rearm) == (abi.REARM, 100)
    eventually(lambda: session.state(identifier).flags == abi.DISARMED, "a watch that waits for its value")
    for value in 101, 200, 151:
        variable.value = value
        pause(module)
    assert len(reader.hits()) == 1
    variable.value = 100
    eventually(lambda: session.state(identifier).flags == 0, "an armed watch")
    variable.value = 152
    assert [hit.value for hit in reader.wait_for_hits(2)] == [151, 152]


# ---- the page comes and goes ----


def fork_and_write(variable, value):
    """Writes to a page that a child shares, so that it is copied for one of both."""
    child = Child()
    variable.value = value
    child.end()


def test_a_copied_page_is_no_change_and_no_end_of_unchanged_time(module, session, reader):
    variable = Variable(5)
    neighbour = Variable(0, offset=64, page_of=variable)
    changed = session.watch_condition(variable, abi.CHANGED)
    still = session.watch_condition(variable, abi.UNCHANGED, SECOND)
    for round_number in range(10):
        fork_and_write(neighbour, round_number)
        pause(module)
    # A process that forks again and again hides no stopped heartbeat.
    [hit] = reader.wait_for_hits(1)
    assert (hit.watch_id, hit.value) == (still, 5)
    assert reader.condition_of(hit).unchanged_ns >= SECOND
    fork_and_write(variable, 6)
    hit = reader.wait_for_hits(2)[1]
    assert (hit.watch_id, hit.value, reader.condition_of(hit).previous) == (changed, 6, 5)


def test_a_page_that_is_read_anew_with_another_value_has_changed(module, session, reader):
    place = Place()
    place.value = 5
    session.watch_condition(place, abi.CHANGED)
    module.wait_for_ticks(50)
    advise(place.address, MADV_DONTNEED)
    assert peek(place.address) == 0
    [hit] = reader.wait_for_hits(1)
    assert (hit.value, reader.condition_of(hit).previous) == (0, 5)


def test_a_page_dropped_while_its_value_is_0_has_not_changed(module, session, reader):
    place = Place()
    place.value = 0
    session.watch_condition(place, abi.CHANGED)
    session.watch_condition(place, abi.NOT_EQUAL, 0, ticks=1, history=4)
    for _ in range(20):
        advise(place.address, MADV_DONTNEED)
        assert peek(place.address) == 0
        module.wait_for_ticks(20)
    assert reader.hits() == []
