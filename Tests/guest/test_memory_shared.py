# SPDX-License-Identifier: Apache-2.0
"""Shared memory: each process that has it reads one value, and so does the watch, whoever wrote it."""

import mmap
import os

import pytest

import abi
from memory import Place, assert_ended, assert_hit, assert_no_hit, call, libc, map_memory, poke, unmap
from subjects import PAGE, Child

pytestmark = pytest.mark.module(dump_gap_ms=0)
IPC_PRIVATE, IPC_CREAT, IPC_RMID = 0, 0o1000, 0


def map_system_v(_folder):
    """A segment that is gone with its last user."""
    identifier = call(libc.shmget, IPC_PRIVATE, PAGE, IPC_CREAT | 0o600)
    address = call(libc.shmat, identifier, 0, 0)
    call(libc.shmctl, identifier, IPC_RMID, 0)
    return address


def map_shared(descriptor):
    os.ftruncate(descriptor, PAGE)
    address = map_memory(file=descriptor, sharing=mmap.MAP_SHARED)
    os.close(descriptor)
    return address


def map_memfd(_folder):
    return map_shared(os.memfd_create("shared"))


def map_file(folder):
    return map_shared(os.open(folder / "shared", os.O_RDWR | os.O_CREAT))


def map_tmpfs_file(_folder):
    return map_shared(os.open("/dev/shm", os.O_RDWR | os.O_TMPFILE))


def map_anonymous(_folder):
    return map_memory(sharing=mmap.MAP_SHARED)


@pytest.fixture(params=[
    pytest.param(how, marks=pytest.mark.scenario(scenario), id=how.__name__[4:]) for how, scenario in [
        (map_system_v, "System V shared memory"), (map_memfd, "memfd"), (map_tmpfs_file, "file on tmpfs"),
        (map_file, "shared file mapping"), (map_anonymous, "shared anonymous memory")]
])
def shared(request, tmp_path):
    place = Place(request.param(tmp_path))
    yield place
    unmap(place.address)


def test_a_write_of_another_process_to_shared_memory_is_seen(module, session, shared):
    session.watch(shared, 150)
    child = Child()
    child.run(poke, shared.address, 150)
    assert_no_hit(module, session)
    child.run(poke, shared.address, 151)
    assert_hit(session, 151)
    assert shared.value == 151


def test_a_write_to_shared_memory_through_another_mapping_is_seen(session, shared):
    other = Place(call(libc.mremap, shared.address, 0, PAGE, 1))    # of size 0: maps it a second time
    session.watch(shared, 150)
    other.value = 151
    assert_hit(session, 151)
    unmap(other.address)


def test_a_watch_of_shared_memory_is_over_once_this_process_has_it_no_more(module, session):
    place = Place(map_anonymous(None))
    child = Child()
    identifier = session.watch(place, 150)
    unmap(place.address)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)
    child.run(poke, place.address, 151)
    assert module.status()["hits"] == 0


@pytest.mark.scenario("file on tmpfs")
def test_a_watch_ends_when_its_file_is_cut_off(module, session):
    """The process itself would get SIGBUS there."""
    descriptor = os.open("/dev/shm", os.O_RDWR | os.O_TMPFILE)
    os.ftruncate(descriptor, PAGE)
    place = Place(map_memory(file=descriptor, sharing=mmap.MAP_SHARED))
    place.value = 1
    identifier = session.watch(place, 150)
    os.ftruncate(descriptor, 0)
    assert_ended(module, session, identifier, place, abi.UNMAPPED)
    os.close(descriptor)
    unmap(place.address)
