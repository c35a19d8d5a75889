# SPDX-License-Identifier: Apache-2.0
"""A watch means the variable at this address of this process, whatever happens to its memory.

Here the watched process is this one, and what it reads itself is the truth.
"""

import ctypes
import mmap
import os

import pytest

import abi
from eventually import eventually
from subjects import PAGE, Child, Variable, create_own, fork_pausing, open_own, page_at, pinned_bytes, watch_own

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
MADV_DONTNEED = 4
MAP_FIXED = 16
MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2
FAILED = ctypes.c_void_p(-1).value

pytestmark = pytest.mark.module(dump_gap_ms=0)


class Place:
    """A variable in memory that may be unmapped or moved: nothing here keeps it."""

    length, signed = 8, True

    def __init__(self, address=None):
        self.address = address or map_page(None, 0)

    @property
    def number(self):
        return ctypes.c_int64.from_address(self.address)


def call(function, *arguments):
    result = function(*arguments)
    if result in (-1, FAILED):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def map_page(address, flags):
    return call(libc.mmap, ctypes.c_void_p(address), ctypes.c_size_t(PAGE), mmap.PROT_READ | mmap.PROT_WRITE,
                mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | flags, -1, ctypes.c_long(0))


def unmap(place):
    call(libc.munmap, ctypes.c_void_p(place.address), ctypes.c_size_t(PAGE))


def poke(address, value):
    ctypes.c_int64.from_address(address).value = value


def peek(address):
    return ctypes.c_int64.from_address(address).value


def wait_for(session, kind):
    """The first record of this type, among all that come until then."""
    found = []

    def come():
        found.extend(session.records())
        return [record for record in found if record.type == kind]

    return eventually(come, f"a record of type {kind}")[0]


def assert_hit(session, value):
    hit = wait_for(session, abi.HIT)
    assert hit.value == value


# ---- copy-on-write ----


def test_a_page_that_was_never_written_is_seen_once_it_is(session):
    place = Place()
    session.watch(place, 150)
    place.number.value = 151
    assert_hit(session, 151)


def test_a_write_after_a_fork_is_seen(session):
    variable = Variable(1)
    session.watch(variable, 150)
    Child()
    variable.value = 151
    assert_hit(session, 151)


def test_a_write_to_a_page_shared_before_the_watch_is_seen(session):
    variable = Variable(1)
    child = Child()
    session.watch(variable, 150)
    variable.value = 151
    assert_hit(session, 151)
    assert child.run(peek, variable.address) == 1


@pytest.mark.parametrize("fork_first", [True, False])
def test_a_write_of_a_child_is_not_the_watched_process_s(module, session, fork_first):
    variable = Variable(1)
    if fork_first:
        child = Child()
    session.watch(variable, 150)
    if not fork_first:
        child = Child()
    child.run(poke, variable.address, 999)
    module.wait_for_ticks(50)
    assert session.records() == []
    variable.value = 151
    assert_hit(session, 151)
    assert child.run(peek, variable.address) == 999


def test_a_write_after_the_child_has_ended_is_seen(session):
    variable = Variable(1)
    session.watch(variable, 150)
    Child().end()
    variable.value = 151
    assert_hit(session, 151)


def test_a_variable_of_a_file_s_private_mapping_is_seen_once_written(session, tmp_path):
    (tmp_path / "data").write_bytes(bytes(PAGE))
    with open(tmp_path / "data", "r+b") as file:
        memory = mmap.mmap(file.fileno(), PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    number = ctypes.c_int64.from_buffer(memory)
    session.watch(Place(ctypes.addressof(number)), 150)
    number.value = 151
    assert_hit(session, 151)


def test_a_write_of_another_process_to_shared_memory_is_seen(session):
    memory = mmap.mmap(-1, PAGE)
    address = ctypes.addressof(ctypes.c_int64.from_buffer(memory))
    session.watch(Place(address), 150)
    Child().run(poke, address, 151)
    assert_hit(session, 151)


# ---- changes of the mapping ----


def test_dropped_contents_are_read_as_the_process_reads_them(session):
    variable = Variable(100)
    session.watch(variable, 50, less=True)
    call(libc.madvise, ctypes.c_void_p(variable.address), ctypes.c_size_t(PAGE), MADV_DONTNEED)
    assert_hit(session, 0)
    assert variable.value == 0


def test_a_write_after_contents_were_dropped_is_seen(session):
    variable = Variable(100)
    session.watch(variable, 150)
    call(libc.madvise, ctypes.c_void_p(variable.address), ctypes.c_size_t(PAGE), MADV_DONTNEED)
    variable.value = 151
    assert_hit(session, 151)


def assert_ended(module, session, identifier, place, reason, pid=None):
    end = wait_for(session, abi.WATCH_END)
    assert (end.watch_id, end.address, end.reason) == (identifier, place.address, reason)
    assert (end.pid, end.name, end.dump_id) == (pid or os.getpid(), "temp", 0)
    module.wait_for_status(watches=0, groups=0)
    assert pinned_bytes() == 0


def test_a_watch_ends_when_its_page_is_unmapped(module, session):
    place = Place()
    identifier = session.watch(place, 150)
    unmap(place)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)


def test_only_the_watches_of_the_unmapped_page_end(module, session):
    place, variable = Place(), Variable()
    identifier = session.watch(place, 150)
    session.watch(variable, 150)
    unmap(place)
    end = wait_for(session, abi.WATCH_END)
    assert end.watch_id == identifier
    module.wait_for_status(watches=1, groups=1)
    variable.value = 151
    assert_hit(session, 151)


def test_a_watch_goes_on_with_the_page_that_replaces_its_own(session):
    place = Place()
    place.number.value = 1
    session.watch(place, 150)
    map_page(place.address, MAP_FIXED)
    assert place.number.value == 0
    place.number.value = 151
    assert_hit(session, 151)


def test_a_page_mapped_anew_is_either_watched_or_reported_as_ended(module, session):
    place = Place()
    place.number.value = 1
    session.watch(place, 150)
    unmap(place)
    map_page(place.address, MAP_FIXED)
    place.number.value = 151
    found = []

    def outcome():
        found.extend(session.records())
        return [record for record in found if record.type in (abi.HIT, abi.WATCH_END)]

    [record] = eventually(outcome, "a hit or an end")
    if record.type == abi.HIT:
        assert record.value == 151
    else:
        assert record.reason == abi.UNMAPPED
        module.wait_for_status(watches=0)


def test_a_watch_stays_with_the_address_when_its_page_moves_away(module, session):
    place, target = Place(), Place()
    identifier = session.watch(place, 150)
    call(libc.mremap, ctypes.c_void_p(place.address), ctypes.c_size_t(PAGE), ctypes.c_size_t(PAGE),
         MREMAP_MAYMOVE | MREMAP_FIXED, ctypes.c_void_p(target.address))
    target.number.value = 151
    assert_ended(module, session, identifier, place, abi.UNMAPPED)
    assert module.status()["hits"] == 0


def test_a_page_without_access_ends_the_watch(module, session):
    place = Place()
    identifier = session.watch(place, 150)
    call(libc.mprotect, ctypes.c_void_p(place.address), ctypes.c_size_t(PAGE), 0)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)


def test_a_page_made_read_only_is_watched_still(module, session):
    place = Place()
    place.number.value = 1
    session.watch(place, 150)
    for protection in mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE:
        call(libc.mprotect, ctypes.c_void_p(place.address), ctypes.c_size_t(PAGE), protection)
        module.wait_for_ticks(50)
    place.number.value = 151
    assert_hit(session, 151)


# ---- the end of the address space ----


@pytest.mark.parametrize("how", [["execv", "/bin/sleep", ["sleep", "1000"]], ["_exit", 0]], ids=["exec", "exit"])
def test_exec_and_exit_end_watches_though_a_child_holds_the_session(module, session, how):
    child = Child()
    child.run(open_own, flags=0)
    place = Place(child.run(create_own))
    identifier = child.run(watch_own, 150)
    holder = child.run(fork_pausing)
    child.start(getattr(os, how[0]), *how[1:])
    assert_ended(module, session, identifier, place, abi.EXITED, child.pid)
    assert os.path.exists(f"/proc/{holder}")


def test_the_end_of_a_process_watched_from_outside_is_reported(module, session):
    child = Child()
    place = Place(child.run(create_own))
    identifier = session.watch(place, 150, pid=child.pid)
    assert pinned_bytes(child.pid) == PAGE
    child.end()
    assert_ended(module, session, identifier, place, abi.EXITED, child.pid)


def test_pages_are_charged_once_however_many_watches_lie_in_them(module, session):
    first, second = Variable(), Variable()
    for variable in (first, second):
        for place in range(4):
            session.watch(Variable(offset=64 * place, page_of=variable), 150)
    assert len({page_at(first), page_at(second)}) == 2
    assert pinned_bytes() == 2 * PAGE
    session.cancel_all()
    assert pinned_bytes() == 0
