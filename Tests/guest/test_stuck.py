# SPDX-License-Identifier: Apache-2.0
"""Processes whose memory cannot be had: who waits for one waits alone, and can be killed."""

import os

import pytest

import abi
from abi import outcome
from eventually import eventually
from memory import (MADV_DONTNEED, MADV_NORMAL, MADV_RANDOM, UFFD_FEATURE_SIGBUS, FaultedPages, Place, advise,
                    assert_hit, assert_no_hit, map_memory, poke)
from module import load_file, unload_file
from silent_file import SilentFile
from subjects import PAGE, PROJECT, Child, Variable, create_own, state_of, wait_until_stuck

pytestmark = pytest.mark.module(dump_gap_ms=0)
HOLDER = f"{PROJECT}/kmod/testing/mmap_lock_holder.ko"
FOLDER = "/sys/kernel/debug/mmap_lock_holder"


def write_to(name):
    with open(f"{FOLDER}/{name}", "w", encoding="ascii") as file:
        file.write("1")


def watch_other(pid, address):
    """In a child: watches another process's number."""
    abi.Session(os.O_WRONLY).watch(Place(address), 150, pid=pid)


@pytest.fixture
def holder(module, session):
    """A process that holds its own mmap lock, watched by the session before, with a number for others."""
    load_file(HOLDER)
    child = Child()
    session.watch(Place(child.run(create_own, "watched")), 150, pid=child.pid)
    child.other = child.run(create_own, "other")
    child.start(write_to, "hold")
    wait_until_stuck(child)
    yield child
    write_to("release")
    child.result()
    unload_file(HOLDER)


@pytest.fixture
def waiter(holder):
    """A process that wants to watch the holder, and waits for its lock."""
    child = Child()
    child.start(watch_other, holder.pid, holder.other)
    wait_until_stuck(child)
    return child


def test_who_waits_for_a_stuck_process_can_be_killed(waiter, holder):
    waiter.end()
    assert state_of(holder.pid) == "D"


def test_watches_of_a_stuck_process_end_at_once_though_others_wait_for_it(module, session, waiter, holder):
    session.cancel_all()
    module.wait_for_status(watches=0, groups=0)
    session.close()
    assert (state_of(holder.pid), state_of(waiter.pid)) == ("D", "D")


def test_watches_of_others_go_on(session, waiter):
    variable = Variable(100)
    session.watch(variable, 150)
    advise(variable.address, MADV_DONTNEED)
    variable.value = 151
    assert_hit(session, 151)


# ---- a file whose server does not answer ----


@pytest.fixture
def silent_file(tmp_path):
    file = SilentFile(tmp_path / "file", (151).to_bytes(8, "little"))
    yield file
    file.close()


def map_file(path, advice):
    """In a child: a private mapping of a file; its address, and a descriptor of the file."""
    descriptor = os.open(path, os.O_RDONLY)
    address = map_memory(file=descriptor)
    advise(address, advice)
    return address, descriptor


def test_a_watch_waits_for_what_is_to_be_read_and_can_be_killed_meanwhile(session, silent_file):
    child, waiters = Child(), (Child(), Child())
    address, _ = child.run(map_file, silent_file.path, MADV_NORMAL)
    for waiter in waiters:
        waiter.start(watch_other, child.pid, address)
        wait_until_stuck(waiter)
    waiters[0].end()
    # The process itself is not held up.
    child.run(map_memory)
    silent_file.turn()
    waiters[1].result()
    session.watch(Place(address), 150, pid=child.pid)
    assert_hit(session, 151)


@pytest.fixture(params=[MADV_NORMAL, MADV_RANDOM], ids=["read ahead", "read while the worker waits"])
def unreadable(request, session, silent_file):
    """A watch of a number whose page is gone, and has to be read again from the silent file."""
    child = Child()
    silent_file.turn()
    address, descriptor = child.run(map_file, silent_file.path, request.param)
    child.run(poke, address, 1)
    identifier = session.watch(Place(address), 150, pid=child.pid)
    silent_file.turn()
    child.run(os.posix_fadvise, descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    child.run(advise, address, MADV_DONTNEED)
    eventually(lambda: session.state(identifier).flags & abi.UNREADABLE, "a watch that cannot be read")
    return child


def test_no_watch_waits_for_another_s_file(module, session, unreadable):
    variable = Variable(100)
    other = module.open()
    other.watch(variable, 150)
    advise(variable.address, MADV_DONTNEED)
    variable.value = 151
    assert_hit(session, 151)
    # Nor does the end of the watch itself.
    session.cancel_all()
    other.cancel_all()
    module.wait_for_status(watches=0, groups=0)


def test_a_watch_goes_on_when_its_file_could_be_read(module, session, silent_file, unreadable):
    assert_no_hit(module, session)
    silent_file.turn()
    assert_hit(session, 151)


# ---- a pager in user space ----


# With the second, the kernel does not ask for what it itself touches.
PAGERS = pytest.mark.parametrize("features", [0, UFFD_FEATURE_SIGBUS], ids=["asked", "signals"])


@PAGERS
def test_a_page_that_its_pager_has_not_filled_is_refused(module, session, features):
    pages = FaultedPages(features=features)
    assert outcome(session.watch, Place(pages.address), 150) == "EAGAIN"
    assert module.holds() == (0, 0, 0)
    pages.serve((151).to_bytes(PAGE, "little"))
    session.watch(Place(pages.address), 150)
    assert_hit(session, 151)
    pages.close()


@PAGERS
def test_a_watch_goes_on_when_its_pager_has_filled_the_page_anew(module, session, features):
    pages = FaultedPages(features=features)
    pages.serve(bytes(PAGE))
    identifier = session.watch(Place(pages.address), 150)
    advise(pages.address, MADV_DONTNEED)
    eventually(lambda: session.state(identifier).flags & abi.UNREADABLE, "a watch that cannot be read")
    assert_no_hit(module, session)
    assert session.state(identifier).flags == abi.UNREADABLE
    pages.served = 0
    pages.serve((151).to_bytes(PAGE, "little"))
    assert_hit(session, 151)
    pages.close()
