# SPDX-License-Identifier: Apache-2.0
"""Changes of the mapping: a watch stays with its address, and reads what the process reads there, or ends.

Here the watched process is this one.
"""

import mmap

import pytest

import abi
from memory import (MADV_DONTNEED, MAP_FIXED, Place, advise, assert_ended, assert_hit, assert_no_hit, map_memory, move,
                    protect, unmap, wait_for)
from subjects import PAGE, Variable, page_at, pinned_bytes, wait_for_pinned

pytestmark = pytest.mark.module(dump_gap_ms=0)

# ---- dropped contents ----


@pytest.mark.scenario("MADV_DONTNEED")
def test_dropped_contents_are_read_as_the_process_reads_them(session):
    variable = Variable(100)
    session.watch(variable, 50, less=True)
    advise(variable.address, MADV_DONTNEED)
    assert_hit(session, 0)
    assert variable.value == 0


@pytest.mark.scenario("MADV_DONTNEED")
def test_a_write_after_contents_were_dropped_is_seen(module, session):
    variable = Variable(100)
    session.watch(variable, 150)
    advise(variable.address, MADV_DONTNEED)
    assert_no_hit(module, session)
    variable.value = 151
    assert_hit(session, 151)


# ---- unmapped, and mapped again ----


@pytest.mark.scenario("munmap")
def test_a_watch_ends_when_its_page_is_unmapped(module, session):
    place = Place()
    identifier = session.watch(place, 150)
    unmap(place.address)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)


@pytest.mark.scenario("munmap")
def test_only_the_watches_of_the_unmapped_page_end(module, session):
    place, variable = Place(), Variable()
    identifier = session.watch(place, 150)
    session.watch(variable, 150)
    unmap(place.address)
    assert wait_for(session, abi.WATCH_END).watch_id == identifier
    module.wait_for_status(watches=1, groups=1)
    variable.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("munmap and map again")
def test_a_watch_goes_on_with_the_page_that_replaces_its_own(module, session):
    place = Place()
    place.value = 100
    session.watch(place, 150)
    map_memory(place.address, flags=MAP_FIXED)
    assert place.value == 0
    assert_no_hit(module, session)
    place.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("munmap and map again")
def test_what_replaces_the_page_is_read_at_once(session, tmp_path):
    (tmp_path / "data").write_bytes((151).to_bytes(8, "little").ljust(PAGE, b"\0"))
    place = Place()
    session.watch(place, 150)
    with open(tmp_path / "data", "r+b") as file:
        map_memory(place.address, flags=MAP_FIXED, file=file.fileno())
    assert_hit(session, 151)
    assert place.value == 151


@pytest.mark.scenario("munmap and map again")
def test_a_page_mapped_anew_is_either_watched_or_reported_as_ended(module, session):
    place = Place()
    place.value = 1
    identifier = session.watch(place, 150)
    unmap(place.address)
    map_memory(place.address, flags=MAP_FIXED)
    place.value = 151
    record = wait_for(session, abi.HIT, abi.WATCH_END)
    assert record.watch_id == identifier
    if record.type == abi.HIT:
        assert record.value == 151
    else:
        assert record.reason == abi.UNMAPPED
        module.wait_for_status(watches=0)


# ---- moved ----


@pytest.mark.scenario("mremap away")
def test_a_watch_stays_with_the_address_when_its_page_moves_away(module, session):
    place, target = Place(), Place()
    identifier = session.watch(place, 150)
    move(place.address, target.address)
    target.value = 151
    assert_ended(module, session, identifier, place, abi.UNMAPPED)
    assert module.status()["hits"] == 0


@pytest.mark.scenario("mremap away")
def test_a_page_that_moves_to_the_watched_address_is_watched_there(module, session):
    place, source = Place(), Place()
    place.value, source.value = 1, 151
    session.watch(place, 150)
    assert_no_hit(module, session)
    move(source.address, place.address)
    assert_hit(session, 151)
    assert place.value == 151


# ---- protected ----


@pytest.mark.scenario("mprotect no access")
def test_a_page_without_access_ends_the_watch(module, session):
    place = Place()
    identifier = session.watch(place, 150)
    protect(place.address, 0)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)


@pytest.mark.scenario("mprotect read-only and back")
def test_a_page_made_read_only_is_watched_still(module, session):
    place = Place()
    place.value = 1
    session.watch(place, 150)
    for protection in mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE:
        protect(place.address, protection)
        assert_no_hit(module, session)
    place.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("mprotect read-only and back")
def test_a_page_that_was_read_only_when_its_watch_started_is_seen_once_written(module, session):
    place = Place()
    protect(place.address, mmap.PROT_READ)
    session.watch(place, 150)
    assert_no_hit(module, session)
    protect(place.address, mmap.PROT_READ | mmap.PROT_WRITE)
    place.value = 151
    assert_hit(session, 151)


# ---- many watches of one page ----


@pytest.mark.scenario("written page")
def test_pages_are_charged_once_however_many_watches_lie_in_them(session):
    first, second = Variable(), Variable()
    for variable in (first, second):
        for place in range(4):
            session.watch(Variable(offset=64 * place, page_of=variable), 150)
    assert len({page_at(first), page_at(second)}) == 2
    assert pinned_bytes() == 2 * PAGE
    session.cancel_all()
    wait_for_pinned(0)


@pytest.mark.scenario("MADV_DONTNEED")
def test_a_page_that_is_dropped_over_and_over_is_seen_as_it_is_in_the_end(session):
    place = Place()
    session.watch(place, 150)
    for value in range(100):
        place.value = value
        advise(place.address, MADV_DONTNEED)
    place.value = 151
    assert_hit(session, 151)
