# SPDX-License-Identifier: Apache-2.0
"""Huge pages: those of HugeTLB, and the transparent ones, which the kernel may split at any time."""

import ctypes
import mmap
import subprocess
from pathlib import Path

import pytest

import abi
from eventually import eventually
from memory import (HUGE_PAGE, MADV_DONTNEED, MADV_HUGEPAGE, MAP_HUGETLB, Place, advise, anonymous_huge_bytes,
                    assert_ended, assert_hit, assert_no_hit, map_memory, move, peek, poke, protect, unmap)
from subjects import PAGE, Child, pinned_bytes, start

pytestmark = pytest.mark.module(dump_gap_ms=0)

# ---- HugeTLB ----

POOL = Path("/proc/sys/vm/nr_hugepages")
POOL_PAGES = 3
# Far from the page's start: the variable is in one of the small pages behind the first.
OFFSET = 300 * PAGE + 64


@pytest.fixture
def huge_pages():
    POOL.write_text(str(POOL_PAGES))
    assert int(POOL.read_text()) == POOL_PAGES, "no free memory for huge pages"
    yield
    eventually(lambda: free_huge_pages() == POOL_PAGES, "huge pages given back")
    POOL.write_text("0")


def free_huge_pages():
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("HugePages_Free:"))


@pytest.fixture
def huge_place(huge_pages, module):
    """A variable on a page of HugeTLB, unmapped before the pool is looked at again."""
    address = map_memory(size=HUGE_PAGE, flags=MAP_HUGETLB)
    yield Place(address + OFFSET)
    module.close()
    unmap(address, HUGE_PAGE)


@pytest.mark.scenario("HugeTLB page")
@pytest.mark.parametrize("written_first", [False, True], ids=["untouched", "written"])
def test_a_write_to_a_huge_page_is_seen(module, session, huge_place, written_first):
    if written_first:
        huge_place.value = 1
    session.watch(huge_place, 150)
    assert pinned_bytes() == PAGE
    assert_no_hit(module, session)
    huge_place.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("HugeTLB page")
@pytest.mark.parametrize("fork_first", [True, False], ids=["fork_before", "fork_after"])
def test_a_huge_page_is_the_watched_process_s_own_after_a_fork(module, session, huge_place, fork_first):
    huge_place.value = 1
    child = Child() if fork_first else None
    session.watch(huge_place, 150)
    child = child or Child()
    child.run(poke, huge_place.address, 999)
    assert_no_hit(module, session)
    huge_place.value = 151
    assert_hit(session, 151)
    assert child.run(peek, huge_place.address) == 999
    child.end()


@pytest.mark.scenario("HugeTLB page")
def test_a_watch_ends_when_its_huge_page_is_unmapped(huge_pages, module, session):
    address = map_memory(size=HUGE_PAGE, flags=MAP_HUGETLB)
    place = Place(address + OFFSET)
    identifier = session.watch(place, 150)
    assert free_huge_pages() == POOL_PAGES - 1
    unmap(address, HUGE_PAGE)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)


@pytest.mark.scenario("HugeTLB page")
def test_hptest_is_seen_on_its_huge_page(huge_pages, session):
    process = start("hptest-c", "1")
    assert_hit(session, 200)
    assert process.wait() == 0


@pytest.mark.scenario("HugeTLB page")
def test_hptest_says_how_to_set_up_huge_pages_where_there_are_none(module):
    assert int(POOL.read_text()) == 0
    done = subprocess.run(["hptest-c"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "echo 1 > /proc/sys/vm/nr_hugepages" in done.stderr


# ---- transparent huge pages ----


@pytest.fixture
def transparent():
    """A variable in memory that is one huge page now."""
    if not Path("/sys/kernel/mm/transparent_hugepage").exists():
        pytest.skip("the kernel has none")      # as PREEMPT_RT, of which Tests/guest/scenarios knows
    area = map_memory(size=2 * HUGE_PAGE)
    address = (area + HUGE_PAGE - 1) & -HUGE_PAGE
    advise(address, MADV_HUGEPAGE, HUGE_PAGE)
    ctypes.memset(address, 1, HUGE_PAGE)
    place = Place(address + OFFSET)
    place.value = 1
    assert anonymous_huge_bytes(address) == HUGE_PAGE
    yield place
    unmap(area, 2 * HUGE_PAGE)


def after(place):
    """The small page next to the variable's."""
    return (place.address & -PAGE) + PAGE


def protect_next(place):
    protect(after(place), mmap.PROT_READ)


def drop_next(place):
    advise(after(place), MADV_DONTNEED)


def unmap_next(place):
    unmap(after(place))


def move_next(place):
    move(after(place), map_memory())


SPLITS = pytest.mark.parametrize("split", [protect_next, drop_next, unmap_next, move_next])


@pytest.mark.scenario("transparent huge page, split under the watch")
@SPLITS
def test_a_variable_is_seen_after_its_huge_page_was_split(module, session, transparent, split):
    before = anonymous_huge_bytes(transparent.address)
    session.watch(transparent, 150)
    assert_no_hit(module, session)
    assert anonymous_huge_bytes(transparent.address) == before, "the watch alone splits nothing"
    split(transparent)
    assert anonymous_huge_bytes(transparent.address) == 0
    assert_no_hit(module, session)
    transparent.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("transparent huge page, split under the watch")
@SPLITS
def test_a_child_s_write_to_a_split_huge_page_is_not_the_watched_process_s(module, session, transparent, split):
    session.watch(transparent, 150)
    child = Child()
    split(transparent)
    child.run(poke, transparent.address, 999)
    assert_no_hit(module, session)
    transparent.value = 151
    assert_hit(session, 151)


@pytest.mark.scenario("transparent huge page")
def test_a_write_to_a_transparent_huge_page_is_seen(module, session, transparent):
    session.watch(transparent, 150)
    assert_no_hit(module, session)
    transparent.value = 151
    assert_hit(session, 151)
