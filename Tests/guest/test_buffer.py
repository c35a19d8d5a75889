# SPDX-License-Identifier: Apache-2.0
"""Reading: whole records, every reader its own place, nothing lost in silence."""

import contextlib
import ctypes
import errno
import os
import select
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import abi
import oracles
from abi import outcome
from dumps import check_self_contained, check_sequence, dumps_of
from eventually import eventually
from memory import FaultedPages, call, libc
from subjects import PAGE, Child, Variable, wait_until_blocked_in

READ, POLL = 0, 7       # system call numbers
SMALLEST_BUFFER = 262144
READ_PAGES = 64

AT_ONCE = pytest.mark.module(dump_gap_ms=0)


def hit_once(module, session):
    """A dump, complete in the buffer."""
    count = module.status()["dumps"]
    session.watch(Variable(151), 150)
    module.wait_for_dumps(count + 1)
    session.cancel_all()


def read_errno(session, size):
    with pytest.raises(OSError) as caught:
        session.read(size)
    return caught.value.errno


def test_an_empty_buffer_is_eagain_without_blocking(session):
    assert read_errno(session, abi.RECORD_SIZE_MAX) == errno.EAGAIN


def test_a_read_of_nothing_returns_nothing(module, session):
    assert session.read(0) == b""
    hit_once(module, session)
    assert session.read(0) == b""


def test_a_buffer_too_small_for_the_next_record_is_emsgsize_and_consumes_nothing(module, session):
    hit_once(module, session)
    begin_size = abi.BODIES[abi.DUMP_BEGIN].size
    for size in 1, begin_size - 1:
        assert read_errno(session, size) == errno.EMSGSIZE
    [begin] = abi.records_of(session.read(begin_size))
    assert begin.type == abi.DUMP_BEGIN
    # One byte short of two records: the first of them.
    hit_size = abi.BODIES[abi.HIT].size
    assert read_errno(session, hit_size - 1) == errno.EMSGSIZE
    [hit] = abi.records_of(session.read(hit_size))
    assert hit.type == abi.HIT


def test_reads_of_any_size_return_whole_records_and_all_of_them(module, session):
    hit_once(module, session)
    all_of_them = [record.sequence for record in module.open().records()]
    other = module.open()
    found = []
    while len(found) < len(all_of_them):
        size = 80
        while True:
            try:
                chunk = other.read(size)
                break
            except OSError as error:
                assert error.errno == errno.EMSGSIZE
                size += 8
        assert len(chunk) <= size
        found += [record.sequence for record in abi.records_of(chunk)]
    assert found == all_of_them
    assert read_errno(other, abi.RECORD_SIZE_MAX) == errno.EAGAIN


@AT_ONCE
def test_dumps_are_well_formed_and_self_contained(module, session):
    for _ in range(3):
        hit_once(module, session)
    records = session.records()
    assert records[0].sequence == 1
    assert check_sequence(records) == 0
    dumps = dumps_of(records)
    assert [dump.id for dump in dumps] == [1, 2, 3]
    for dump in dumps:
        check_self_contained(dump)
        assert [hit.pid for hit in dump.hits] == [os.getpid()]


def test_each_reader_sees_every_record(module, session):
    one, other = module.open(), module.open(os.O_RDONLY)
    hit_once(module, session)
    numbers = [record.sequence for record in one.records()]
    assert numbers and numbers == [record.sequence for record in other.records()]
    assert one.records() == []


# ---- waiting ----


def read_blocking():
    return [record.type for record in abi.records_of(abi.Session(os.O_RDONLY, 0).read())]


def poll_then_read():
    session = abi.Session(os.O_RDONLY)
    poll = select.poll()
    poll.register(session.descriptor, select.POLLIN)
    return poll.poll() and [record.type for record in session.records()]


@pytest.mark.parametrize("function, system_call", [(read_blocking, READ), (poll_then_read, POLL)])
def test_the_first_record_wakes_those_who_wait(module, session, function, system_call):
    reader = Child()
    reader.start(function)
    wait_until_blocked_in(reader, system_call)
    hit_once(module, session)
    assert reader.result()[0] == abi.DUMP_BEGIN


def test_poll_tells_whether_there_is_something_to_read(module, session):
    poll = select.poll()
    poll.register(session.descriptor, select.POLLIN)
    assert poll.poll(0) == []
    hit_once(module, session)
    assert poll.poll(0) == [(session.descriptor, select.POLLIN)]
    session.records()
    assert poll.poll(0) == []


class Interrupted(Exception):
    """Raised by a signal handler."""


def read_until_interrupted():
    def interrupt(_number, _frame):
        raise Interrupted

    signal.signal(signal.SIGUSR1, interrupt)
    try:
        return read_blocking()
    except Interrupted:
        return "interrupted"


def test_a_signal_interrupts_a_blocked_read(module):
    reader = Child()
    reader.start(read_until_interrupted)
    wait_until_blocked_in(reader, READ)
    os.kill(reader.pid, signal.SIGUSR1)
    assert reader.result() == "interrupted"


# ---- readers that are slow ----


def read_into(pages, session):
    """One read(2) into such memory, of which the first page is there; the number of bytes."""
    pages.serve(bytes(PAGE))
    return call(libc.read, session.descriptor, pages.address, pages.size)


def wait_until_amid_read(thread):
    """Waits until it is in the module's read(), which waits for a page to write to."""
    eventually(lambda: {"handle_userfault", "session_read"} <= set(oracles.kernel_stack(thread)),
               f"thread {thread} amid its read")


def read_for_ever():
    read_into(FaultedPages(READ_PAGES), abi.Session(os.O_RDONLY))


@AT_ONCE
def test_a_reader_that_is_killed_amid_its_read_disturbs_nobody(module, session):
    hit_once(module, session)
    reader = Child()
    reader.start(read_for_ever)
    wait_until_amid_read(reader.pid)
    for _ in range(3):
        hit_once(module, session)
    records = session.records()
    session.release(records[-1].sequence)
    assert module.status()["buffer_used_bytes"] == 0
    wait_until_amid_read(reader.pid)
    reader.end()
    hit_once(module, session)
    records += session.records()
    assert records[0].sequence == 1
    assert check_sequence(records) == 0
    dumps = dumps_of(records)
    assert len(dumps) == 5
    for dump in dumps:
        check_self_contained(dump)


@AT_ONCE
@pytest.mark.parametrize("release", [False, True])
def test_a_slow_reader_gets_whole_records_and_goes_on_with_what_is_left(module, session, release):
    """What it has begun to read it gets, though others release it meanwhile."""
    hit_once(module, session)
    slow = module.open()
    with ThreadPoolExecutor(1) as pool, contextlib.closing(FaultedPages(READ_PAGES)) as pages:
        thread = pool.submit(threading.get_native_id).result()
        reading = pool.submit(read_into, pages, slow)
        wait_until_amid_read(thread)
        begun = session.records()
        assert sum(record.size for record in begun) <= abi.RECORD_SIZE_MAX     # all of it at once
        hit_once(module, session)
        passed = session.records()
        if release:
            session.release(passed[-1].sequence)
        hit_once(module, session)
        left = session.records()
        wait_until_amid_read(thread)
        pages.serve(bytes(pages.size - PAGE))
        found = abi.records_of(ctypes.string_at(pages.address, reading.result()))
    found += slow.records()
    assert check_sequence(begun + passed + left) == 0
    assert found == (begun + left if release else begun + passed + left)


# ---- releasing ----


@AT_ONCE
def test_released_records_are_gone_for_all_and_their_space_is_free(module, session):
    hit_once(module, session)
    first = session.records()
    late = module.open()
    half = first[len(first) // 2].sequence
    used = module.status()["buffer_used_bytes"]
    assert used == sum(record.size for record in first)
    session.release(half)
    assert module.status()["buffer_used_bytes"] == sum(r.size for r in first if r.sequence > half)
    assert [record.sequence for record in late.records()] == [r.sequence for r in first if r.sequence > half]
    session.release(first[-1].sequence)
    assert module.status()["buffer_used_bytes"] == 0
    assert module.open().records() == []
    hit_once(module, session)
    assert [dump.id for dump in dumps_of(module.open().records())] == [2]


@AT_ONCE
def test_a_release_does_not_disturb_the_others_places(module, session):
    hit_once(module, session)
    other = module.open()
    read = other.records()
    hit_once(module, session)
    session.release(read[-1].sequence)
    following = other.records()
    assert following[0].sequence == read[-1].sequence + 1


def test_a_number_that_was_never_given_out_cannot_be_released(module, session):
    hit_once(module, session)
    records = session.records()
    for number in 0, records[-1].sequence + 1, 2**64 - 1:
        with pytest.raises(OSError) as caught:
            session.release(number)
        assert caught.value.errno == errno.EINVAL
    assert module.open().records() == records


def test_a_session_for_writing_can_neither_read_nor_release(module, session):
    writer = module.open(os.O_WRONLY)
    hit_once(module, session)
    assert read_errno(writer, abi.RECORD_SIZE_MAX) == errno.EBADF
    with pytest.raises(OSError) as caught:
        writer.release(1)
    assert caught.value.errno == errno.EBADF
    assert session.records()


# ---- overflow ----


@pytest.mark.module(buffer_bytes=SMALLEST_BUFFER, dump_gap_ms=0)
def test_a_full_buffer_loses_whole_records_and_says_which(module, session):
    module.set_knob("dump_reset_sec", 0)
    session.watch(Variable(151), 150)
    eventually(lambda: module.status()["lost_records"] > 0, "a full buffer")
    session.cancel_all()
    # One dump may be on its way still.
    module.wait_for_dumps(module.status()["dumps"])
    eventually(lambda: len({module.status()["dumps"] for _ in range(20)}) == 1, "the end of the dumps")

    records = session.records()
    session.release(records[-1].sequence)
    hit_once(module, session)
    records += session.records()

    status = module.status()
    assert check_sequence(records) == status["lost_records"] > 0
    dumps = dumps_of(records)
    cut = [dump for dump in dumps if dump.lost]
    assert cut, "no dump overflowed"
    for dump in dumps:
        assert dump.end.tasks_captured == len(dump.tasks)
    assert any(dump.end.skipped_full > 0 for dump in cut)
    check_self_contained(dumps[-1])
    assert status["buffer_bytes"] == SMALLEST_BUFFER


@pytest.mark.module(buffer_bytes=SMALLEST_BUFFER, dump_gap_ms=0)
def test_a_dump_that_finds_no_room_is_lost_as_a_whole_and_counted(module, session):
    eventually(lambda: outcome(session.dump) == "ENOBUFS", "a full buffer")
    before = module.status()
    variable = Variable(151)
    session.watch_condition(variable, abi.GREATER, 150, history=8)
    for _ in range(4):
        session.watch(variable, 150)

    def counted():
        status = module.status()
        dumps, lost = (status[name] - before[name] for name in ("dumps", "lost_records"))
        # Of each dump its begin and its history; the hits, and the condition of one of them.
        return status["hits"] == 5 and lost == 2 * dumps + 5 + 1

    eventually(counted, "all that was lost counted")
    session.cancel_all()

    records = session.records()
    assert not [hit for dump in dumps_of(records) for hit in dump.hits]
    session.release(records[-1].sequence)
    hit_once(module, session)
    records += session.records()
    assert check_sequence(records) == module.status()["lost_records"]
    check_self_contained(dumps_of(records)[-1])


@pytest.mark.module(buffer_bytes=SMALLEST_BUFFER, dump_gap_ms=0)
def test_a_buffer_that_is_read_in_time_goes_round_without_loss(module, session):
    total, count = 0, 0
    while total < 3 * SMALLEST_BUFFER:
        hit_once(module, session)
        records = session.records()
        assert check_sequence(records) == 0
        [dump] = dumps_of(records)
        check_self_contained(dump)
        total += sum(record.size for record in records)
        count += 1
        session.release(records[-1].sequence)
    assert module.status()["lost_records"] == 0
    assert count > 3


@pytest.mark.module(buffer_bytes=SMALLEST_BUFFER, dump_gap_ms=0)
def test_a_reader_that_lags_behind_misses_what_others_released_and_what_was_lost_and_no_more(module, session):
    hit_once(module, session)
    lagging = module.open()
    first = abi.records_of(lagging.read(abi.BODIES[abi.DUMP_BEGIN].size + abi.BODIES[abi.HIT].size))
    others = session.records()
    session.release(others[-1].sequence)
    eventually(lambda: outcome(session.dump, pid=os.getpid()) == "ENOBUFS", "a full buffer")
    others += session.records()
    assert sum(record.size for record in others) > SMALLEST_BUFFER      # it went round
    released = others[len(others) // 2].sequence
    session.release(released)
    hit_once(module, session)
    others += session.records()

    found = lagging.records()
    assert [record.sequence for record in first] == [1, 2]
    assert found == [record for record in others if record.sequence > released]
    assert check_sequence(others) == check_sequence(found) == module.status()["lost_records"] > 0
