# SPDX-License-Identifier: Apache-2.0
"""Copy-on-write: the watch reads the copy that the watched process has, not the one that it left.

Here the watched process is this one, and what it reads itself is the truth.
"""

import os
from pathlib import Path

import pytest

import abi
from memory import SOFT_DIRTY, Place, assert_hit, assert_no_hit, map_memory, page_entry, peek, poke, wait_for
from subjects import PAGE, Child, Variable, watch_inherited

pytestmark = pytest.mark.module(dump_gap_ms=0)


@pytest.mark.scenario("never-written .bss")
@pytest.mark.parametrize("read_first", [False, True], ids=["untouched", "read"])
def test_a_page_that_was_never_written_is_seen_once_it_is(module, session, read_first):
    place = Place()
    if read_first:
        assert place.value == 0
    session.watch(place, 150)
    assert_no_hit(module, session)
    place.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("written page")
def test_a_page_that_was_written_before_is_seen_when_it_is_again(module, session):
    place = Place()
    place.value = 1
    session.watch(place, 150)
    assert_no_hit(module, session)
    place.value = 151
    assert_hit(session, 151)


# ---- fork ----


@pytest.mark.parametrize("fork_first", [
    pytest.param(True, marks=pytest.mark.scenario("fork before the watch"), id="fork_before"),
    pytest.param(False, marks=pytest.mark.scenario("fork after the watch"), id="fork_after"),
])
@pytest.mark.parametrize("first", ["parent", "child"])
def test_after_a_fork_only_the_watched_process_s_own_writes_are_seen(module, session, fork_first, first):
    variable = Variable(1)
    child = Child() if fork_first else None
    session.watch(variable, 150)
    child = child or Child()
    if first == "parent":
        variable.value = 150
    child.run(poke, variable.address, 999)
    assert_no_hit(module, session)
    assert variable.value == (150 if first == "parent" else 1)
    variable.value = 151
    assert_hit(session, 151)
    assert child.run(peek, variable.address) == 999


@pytest.mark.scenario("fork after the watch")
def test_a_write_after_the_child_has_ended_is_seen(session):
    variable = Variable(1)
    session.watch(variable, 150)
    Child().end()
    variable.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("fork after the watch")
def test_a_child_that_watches_the_same_address_sees_its_own_page(session):
    variable = Variable(1)
    session.watch(variable, 150)
    child = Child()
    child.run(watch_inherited, variable.address, 150)
    child.run(poke, variable.address, 999)
    hit = wait_for(session, abi.HIT)
    assert (hit.pid, hit.value) == (child.pid, 999)
    variable.value = 151
    hit = wait_for(session, abi.HIT)
    assert (hit.pid, hit.value) == (os.getpid(), 151)


# ---- other write protection ----


@pytest.mark.scenario("private file mapping")
@pytest.mark.parametrize("value", [0, 1], ids=["clean", "written"])
def test_a_variable_of_a_file_s_private_mapping_is_the_process_s_own(module, session, tmp_path, value):
    (tmp_path / "data").write_bytes(bytes(PAGE))
    with open(tmp_path / "data", "r+b", buffering=0) as file:
        place = Place(map_memory(file=file.fileno()))
        if value:
            place.value = value
        session.watch(place, 150)
        file.write(b"\x7f" * 8)
    assert_no_hit(module, session)
    assert place.value == value
    place.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("soft-dirty clearing")
def test_a_write_after_soft_dirty_bits_were_cleared_is_seen(module, session):
    place, proof = Place(), Place()
    place.value = proof.value = 1
    session.watch(place, 150)
    for value in 100, 151:
        Path("/proc/self/clear_refs").write_text("4")
        assert not page_entry(proof.address) & SOFT_DIRTY
        assert_no_hit(module, session)
        place.value = value
    assert_hit(session, 151)
    assert page_entry(place.address) & SOFT_DIRTY
