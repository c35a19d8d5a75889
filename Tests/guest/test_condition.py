# SPDX-License-Identifier: Apache-2.0
"""Conditions other than a threshold: when a watch hits, when it does not, and what its hit says."""

import struct

import pytest

import abi
from abi import outcome
from eventually import eventually
from subjects import PAGE, Variable

pytestmark = pytest.mark.module(dump_gap_ms=0, max_tasks=1, user_stack_bytes=0)
MILLISECOND = 10**6
SECOND = 10**9
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
        [record] = [record for record in self.records if record.sequence == hit.sequence + 1]
        assert (record.type, record.watch_id, record.dump_id) == (abi.CONDITION, hit.watch_id, hit.dump_id)
        return record


@pytest.fixture
def reader(module):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    return Reader(module)


def real(value, length=8):
    """The bits of a float or double."""
    return int.from_bytes(struct.pack("=d" if length == 8 else "=f", value), "little")


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
