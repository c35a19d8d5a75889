# SPDX-License-Identifier: Apache-2.0
"""Pages that the kernel takes away to save memory: freed lazily, swapped out, merged with equal ones.

A pinned page may stay where it is. Then a neighbour that is not watched proves that the kernel did
take pages away, and the watch must read what the process reads all the same.
"""

import subprocess
from pathlib import Path

import pytest

from eventually import eventually
from memory import (MADV_FREE, MADV_MERGEABLE, MADV_PAGEOUT, Place, advise, assert_hit, assert_no_hit, is_merged,
                    is_swapped, libc, map_memory, poke)
from subjects import PAGE

pytestmark = pytest.mark.module(dump_gap_ms=0)

# ---- swap ----

ZRAM = Path("/sys/block/zram0")
DEVICE = b"/dev/zram0"


@pytest.fixture
def swap():
    """16 MiB of swap space in compressed memory: no other device here could hold any."""
    if not ZRAM.exists():
        subprocess.run(["modprobe", "zram"], check=True)
    (ZRAM / "disksize").write_text("16M")
    subprocess.run(["mkswap", DEVICE], check=True, capture_output=True)
    assert libc.swapon(DEVICE, 0) == 0
    yield
    assert libc.swapoff(DEVICE) == 0
    (ZRAM / "reset").write_text("1")


def swap_out(address):
    def is_out():
        advise(address, MADV_PAGEOUT)
        return is_swapped(address)

    eventually(is_out, f"page {address:x} in swap")


@pytest.mark.scenario("swapped out before the watch")
def test_a_page_in_swap_is_watched_as_it_was(swap, session):
    place = Place()
    place.value = 151
    swap_out(place.address)
    session.watch(place, 150)
    assert_hit(session, 151)
    assert place.value == 151


@pytest.mark.scenario("swap-out under the watch")
def test_a_page_that_should_be_swapped_out_is_seen_as_the_process_sees_it(swap, module, session):
    place, proof = Place(), Place()
    place.value = proof.value = 100
    session.watch(place, 150)
    session.watch(place, 50, less=True)
    for value in 120, 151:
        advise(place.address, MADV_PAGEOUT)
        swap_out(proof.address)
        assert_no_hit(module, session)
        place.value = value
    assert_hit(session, 151)
    assert proof.value == 100


# ---- lazily freed ----


@pytest.mark.scenario("MADV_FREE")
def test_lazily_freed_contents_are_read_as_the_process_reads_them(swap, module, session):
    place = Place()
    place.value = 100
    session.watch(place, 50, less=True)

    def is_freed():
        # The advice passes over a page that another CPU has yet to put on the lists for reclaim.
        proof = Place()
        proof.value = 100
        for each in place, proof:
            advise(each.address, MADV_FREE)
            advise(each.address, MADV_PAGEOUT)
        return proof.value == 0

    eventually(is_freed, "a lazily freed page without its contents")
    if place.value == 0:
        assert_hit(session, 0)
    else:
        assert_no_hit(module, session)
        assert place.value == 100


@pytest.mark.scenario("MADV_FREE")
def test_a_write_after_the_page_was_lazily_freed_is_seen(swap, session):
    place = Place()
    place.value = 100
    session.watch(place, 150)
    advise(place.address, MADV_FREE)
    advise(place.address, MADV_PAGEOUT)
    place.value = 151
    assert_hit(session, 151)


# ---- merged ----

KSM_FOLDER = Path("/sys/kernel/mm/ksm")
EQUAL_PAGES = 8


def set_ksm(name, value):
    (KSM_FOLDER / name).write_text(str(value))


def ksm(name):
    return int((KSM_FOLDER / name).read_text())


@pytest.fixture
def merging():
    """The kernel's scan for equal pages, at its fastest; in the end all are apart again."""
    set_ksm("sleep_millisecs", 0)
    set_ksm("pages_to_scan", 1000)
    set_ksm("run", 1)
    yield
    set_ksm("run", 2)
    set_ksm("run", 0)


@pytest.fixture
def equal_places():
    """Variables of the value 100, each on a page of its own that may be merged with the others."""
    address = map_memory(size=EQUAL_PAGES * PAGE)
    places = [Place(address + number * PAGE) for number in range(EQUAL_PAGES)]
    for place in places:
        place.value = 100
    advise(address, MADV_MERGEABLE, EQUAL_PAGES * PAGE)
    return places


def wait_for_merge(places):
    """Until they are merged, and the kernel counts them: a page looks so before it has another's place."""
    eventually(lambda: all(is_merged(place.address) for place in places) and ksm("pages_sharing") >= len(places) - 1,
               "merged pages")


@pytest.mark.scenario("KSM merge before the watch")
def test_a_page_that_was_merged_is_the_watched_process_s_own_once_written(merging, module, session, equal_places):
    wait_for_merge(equal_places)
    place, other = equal_places[:2]
    session.watch(place, 150)
    session.watch(place, 50, less=True)
    other.value = 999
    assert_no_hit(module, session)
    assert place.value == 100
    place.value = 151
    assert_hit(session, 151)
    assert equal_places[2].value == 100


@pytest.mark.scenario("KSM merge under the watch")
def test_a_page_that_equals_merged_ones_is_seen_as_the_process_sees_it(merging, module, session, equal_places):
    place, *others = equal_places
    session.watch(place, 150)
    session.watch(place, 50, less=True)
    wait_for_merge(others)
    scans = ksm("full_scans")
    eventually(lambda: ksm("full_scans") >= scans + 2, "scans that came by the watched page")
    poke(others[0].address, 999)
    assert_no_hit(module, session)
    place.value = 151
    assert_hit(session, 151)
    assert others[1].value == 100
