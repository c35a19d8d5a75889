# SPDX-License-Identifier: Apache-2.0
"""The ends of threads, processes and descriptors: a watch lives as long as its session and its address space."""

import os
import socket
import threading
from types import SimpleNamespace

import pytest

import abi
from abi import outcome
from eventually import eventually
from memory import Place, assert_ended, assert_hit, assert_no_hit, call, libc, wait_for
from subjects import (PAGE, Child, Variable, assign_own, create_own, fork_pausing, give_own_away,
                      keep_own_over_exec, open_own, pinned_bytes, state_of, wait_for_pinned, watch_own)

pytestmark = pytest.mark.module(dump_gap_ms=0)
EXIT = 60       # the system call that ends one thread

# ---- exec and exit ----


@pytest.mark.parametrize("how", [
    pytest.param(["execv", "/bin/sleep", ["sleep", "1000"]], marks=pytest.mark.scenario("exec"), id="exec"),
    pytest.param(["_exit", 0], id="exit",
                 marks=pytest.mark.scenario("exit of the process while a child holds the descriptor")),
])
def test_exec_and_exit_end_watches_though_a_child_holds_the_session(module, session, how):
    child = Child()
    place = Place(child.run(create_own))
    identifier = child.run(watch_own, 150)
    holder = child.run(fork_pausing)
    child.start(getattr(os, how[0]), *how[1:])
    assert_ended(module, session, identifier, place, abi.EXITED, child.pid)
    assert os.path.exists(f"/proc/{holder}")


@pytest.mark.scenario("exec")
def test_a_watch_ends_with_exec_though_the_program_keeps_the_descriptor(module, session):
    child = Child()
    place = Place(child.run(create_own))
    identifier = child.run(watch_own, 150)
    child.run(keep_own_over_exec)
    child.start(os.execv, "/bin/sleep", ["sleep", "1000"])
    assert_ended(module, session, identifier, place, abi.EXITED, child.pid)


@pytest.mark.scenario("exit of the watched process")
def test_the_end_of_a_process_watched_from_outside_is_reported(module, session):
    child = Child()
    place = Place(child.run(create_own))
    identifier = session.watch(place, 150, pid=child.pid)
    assert pinned_bytes(child.pid) == PAGE
    child.end()
    assert_ended(module, session, identifier, place, abi.EXITED, child.pid)


# ---- threads ----


@pytest.mark.scenario("exit of the thread that started the watch")
def test_a_watch_outlives_the_thread_that_started_it(module, session):
    variable = Variable(1)
    thread = threading.Thread(target=session.watch, args=(variable, 150))
    thread.start()
    thread.join()
    assert_no_hit(module, session)
    variable.value = 151
    assert_hit(session, 151)


def end_this_thread_alone(pipe):
    """In a child: its first thread is gone; another writes the variable when the pipe says so."""
    threading.Thread(target=lambda: (assign_own(int(os.read(pipe, 16))), os.read(pipe, 16))).start()
    call(libc.syscall, EXIT, 0)


@pytest.mark.scenario("exit of the thread that started the watch")
def test_a_watch_outlives_the_first_thread_of_its_process(module, session):
    reader, writer = os.pipe()
    child = Child()
    child.run(watch_own, 150)
    child.start(end_this_thread_alone, reader)
    eventually(lambda: state_of(child.pid) == "Z", "the end of the first thread")
    assert_no_hit(module, session)
    assert module.status()["watches"] == 1
    os.write(writer, b"151")
    hit = wait_for(session, abi.HIT)
    assert (hit.pid, hit.value) == (child.pid, 151)


# ---- a descriptor that is passed on ----


@pytest.fixture
def passed(module):
    """A child that watches its own variable, and its session, which only this process has now."""
    ours, theirs = socket.socketpair()
    child = Child()
    child.run(open_own, os.O_RDWR)
    place = Place(child.run(create_own))
    identifier = child.run(watch_own, 150)
    child.run(give_own_away, theirs.fileno())
    _, [descriptor], *_ = socket.recv_fds(ours, 16, 1)
    ours.close()
    theirs.close()
    return SimpleNamespace(child=child, place=place, identifier=identifier, session=module.open(descriptor=descriptor))


SCM_RIGHTS = pytest.mark.scenario("descriptor passed over a socket")


@SCM_RIGHTS
def test_watches_of_a_passed_session_go_on_and_are_not_the_receiver_s(module, session, passed):
    taken = passed.session
    assert [outcome(taken.watch, Variable(), 150), outcome(taken.cancel, passed.identifier),
            outcome(taken.cancel_all), outcome(taken.release, 1)] == ["EIO"] * 4
    wait_for_pinned(0)
    assert module.status()["watches"] == 1
    passed.child.run(assign_own, 151)
    assert_hit(session, 151)
    passed.session.close()
    module.wait_for_status(watches=0, groups=0)
    assert pinned_bytes(passed.child.pid) == 0


@SCM_RIGHTS
def test_watches_of_a_passed_session_end_with_the_watched_process(module, session, passed):
    passed.child.end()
    assert_ended(module, session, passed.identifier, passed.place, abi.EXITED, passed.child.pid)
