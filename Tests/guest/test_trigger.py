# SPDX-License-Identifier: Apache-2.0
"""What makes a dump besides a hit: a request, and a task that the kernel finds hung."""

import contextlib
import errno
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import abi
from dumps import check_self_contained, check_sequence, dumps_of, task_of
from eventually import eventually
from module import load_file, unload_file
from subjects import (PROJECT, Child, Variable, become_nobody, program, read_proc, rounds_of_hang_detector,
                      sleeps_of_kernel_threads, start, state_of, wait_until_blocked_in,
                      wait_until_stuck)

AT_ONCE = pytest.mark.module(dump_gap_ms=0)
IOCTL = 16      # system call number
KERNEL = Path("/proc/sys/kernel")
MAX_DUMP_NS = 10 * 10**9     # max_dump_ms as it is without a parameter
# How often a dump sleeps for mmap locks that others hold (kmod/mappings_lock.c); and how often it would for each
# task without that limit: it tries 10 times for its stack, and 10 times for its mappings.
PATIENCE, RETRIES = 200, 18
HOLDER = f"{PROJECT}/kmod/testing/mmap_lock_holder.ko"


def errno_of(function, *arguments, **keywords):
    with pytest.raises(OSError) as caught:
        function(*arguments, **keywords)
    return errno.errorcode[caught.value.errno]


# ---- requests ----


@AT_ONCE
def test_a_request_is_answered_by_a_dump_without_a_hit(module, session):
    first, second = session.dump(), session.dump()
    records = session.records()
    assert check_sequence(records) == 0
    dumps = dumps_of(records)
    assert [dump.id for dump in dumps] == [first, second] == [1, 2]
    for dump in dumps:
        check_self_contained(dump)
        assert (dump.begin.reason, dump.hits) == (abi.REQUEST_REASON, [])
        assert not any(task.flags & abi.HIT_TASK for task in dump.tasks)
    assert module.status()["dumps"] == 2


@AT_ONCE
def test_a_request_may_name_a_process_whose_threads_are_dumped_whatever_their_state(module, session):
    sleeper = start(program("sleeper"))
    eventually(lambda: state_of(sleeper.pid) == "S", "a process asleep")
    session.dump()
    session.dump(pid=sleeper.pid)
    without, dump = dumps_of(session.records())
    assert sleeper.pid not in [task.pid for task in without.tasks]
    assert task_of(dump, sleeper.pid).state == "S"


def test_a_request_shares_its_dump_with_a_hit_that_waits_for_the_same_gap(module, session):
    session.dump()
    session.watch(Variable(151), 150)
    module.wait_for_status(hits=1)
    session.dump()
    shared = dumps_of(session.records())[1]
    assert shared.begin.reason == abi.HIT_REASON | abi.REQUEST_REASON
    assert [hit.pid for hit in shared.hits] == [os.getpid()]


def test_requests_keep_the_gap_between_dumps(module, session):
    session.dump()
    session.dump()
    first, second = dumps_of(session.records())
    # The kernel counts the default gap of a second in ticks of up to 10 ms.
    assert second.begin.time_ns - first.begin.time_ns > 980_000_000


def test_a_bad_request_has_its_errno(module, session):
    assert errno_of(session.dump, reserved=1) == "EINVAL"
    for pid in -1, 2**31 - 1:
        assert errno_of(session.dump, pid=pid) == "ESRCH"
    assert errno_of(session.ioctl_at, abi.IOC_DUMP, 0) == "EFAULT"
    assert errno_of(module.open(os.O_WRONLY).dump) == "EBADF"
    assert module.status()["dumps"] == 0


def dump_as_nobody(descriptor):
    become_nobody()
    session = abi.Session.__new__(abi.Session)
    session.descriptor = descriptor
    return errno_of(session.dump)


def open_and_request_as_nobody():
    session = abi.Session()
    become_nobody()
    return errno_of(session.dump)


def test_a_request_needs_the_reader_s_capabilities_and_the_session_s_owner(module, session):
    assert Child().run(open_and_request_as_nobody) == "EPERM"
    assert Child().run(dump_as_nobody, session.descriptor) == "EIO"


@pytest.mark.module(buffer_bytes=262144, dump_gap_ms=0)
def test_a_request_fails_when_the_buffer_has_no_room(module, session):
    def full():
        try:
            session.dump()
        except OSError as error:
            assert error.errno == errno.ENOBUFS
            return True
        return False

    eventually(full, "a full buffer")


def request_until_interrupted():
    class Interrupted(Exception):
        """Raised by the signal handler."""

    def interrupt(_number, _frame):
        raise Interrupted

    signal.signal(signal.SIGUSR1, interrupt)
    session = abi.Session()
    try:
        session.dump()
        session.dump()
    except Interrupted:
        return "interrupted"
    return "dumped"


@pytest.mark.module(dump_gap_ms=3_600_000)
def test_a_signal_ends_the_wait_and_the_module_can_be_removed(module):
    child = Child()
    child.start(request_until_interrupted)
    module.wait_for_dumps(1)
    wait_until_blocked_in(child, IOCTL)
    os.kill(child.pid, signal.SIGUSR1)
    assert child.result() == "interrupted"


@pytest.mark.module(dump_gap_ms=3_600_000)
def test_requesters_that_are_killed_leave_nothing_behind(module):
    children = [Child() for _ in range(4)]
    for child in children:
        child.start(request_until_interrupted)
    module.wait_for_dumps(1)
    for child in children:
        wait_until_blocked_in(child, IOCTL)
        child.end()


REQUESTS_MAX = 64


def request_from_threads():
    """In a child: as many requests at once as may wait."""
    session = abi.Session()
    with ThreadPoolExecutor(REQUESTS_MAX) as pool:
        for _ in range(REQUESTS_MAX):
            pool.submit(session.dump)


def blocked_in(system_call, pid):
    """How many of a process's threads sleep there."""
    calls = [read_proc(pid, f"task/{thread}/syscall").split()[0] for thread in os.listdir(f"/proc/{pid}/task")]
    return calls.count(str(system_call))


@pytest.mark.module(dump_gap_ms=3_600_000)
def test_more_requests_than_may_wait_are_refused_at_once(module, session):
    session.dump()
    child = Child()
    child.start(request_from_threads)
    eventually(lambda: blocked_in(IOCTL, child.pid) == REQUESTS_MAX, "all requests waiting")
    assert errno_of(session.dump) == "EBUSY"
    # Those that are gone wait still, for the dump is to answer them.
    child.end()
    assert errno_of(session.dump) == "EBUSY"


# ---- stuck tasks ----


@contextlib.contextmanager
def mmap_lock_holders(count):
    """A process in state D that holds its own mmap lock for writing, and children of it that do; `all` their pids."""
    load_file(HOLDER)
    process = start(program("lock_holder"), str(count - 1))
    process.all = wait_until_stuck(process, count)
    yield process
    with open("/sys/kernel/debug/mmap_lock_holder/release", "w", encoding="ascii") as file:
        file.write("1")
    process.wait()
    unload_file(HOLDER)


@pytest.fixture
def holder():
    with mmap_lock_holders(1) as process:
        yield process


@pytest.fixture
def holders():
    with mmap_lock_holders(40) as process:
        yield process


@AT_ONCE
def test_tasks_that_hold_their_own_mmap_locks_are_dumped_with_their_stacks(module, session, holders):
    before = sleeps_of_kernel_threads("kworker/u")
    session.dump()
    # One of them ran the dump.
    slept = max(count - before.get(pid, 0) for pid, count in sleeps_of_kernel_threads("kworker/u").items())
    [dump] = dumps_of(session.records())
    check_self_contained(dump)
    for pid in holders.all:
        task = task_of(dump, pid)
        assert task.state == "D"
        assert task.flags & abi.REGISTERS
        at = int(holders.first_line, 16) - task.stack_start
        assert task.stack[at:at + 8 * 64] == b"".join(word.to_bytes(8, "little") for word in range(1, 65))
        assert len(task.kernel) > 3
        # What could not be had without waiting for the lock is marked.
        [mappings] = [record for record in dump.mappings if record.address_space == task.address_space]
        assert (mappings.flags, mappings.entries) == (abi.MAPPINGS_BUSY, [])
        assert state_of(pid) == "D"
    assert dump.end.skipped_time == 0
    assert dump.end.duration_ns < MAX_DUMP_NS
    # It tried again for the first ones, until its patience was at an end.
    assert PATIENCE // 2 < slept < 2 * PATIENCE < RETRIES * len(holders.all)


@pytest.fixture
def fast_hang_detector():
    """The kernel takes a task for hung after a second, and prints nothing about it."""
    values = {"hung_task_timeout_secs": 1, "hung_task_check_interval_secs": 1, "hung_task_warnings": 0}
    before = {name: (KERNEL / name).read_text(encoding="ascii") for name in values}
    set_kernel(values)
    yield
    set_kernel(before)


def set_kernel(values):
    for name, value in values.items():
        (KERNEL / name).write_text(str(value), encoding="ascii")


@pytest.mark.module(dump_gap_ms=0, dump_on_hang=1)
def test_a_task_that_the_kernel_finds_hung_makes_a_dump(module, session, fast_hang_detector, holder):
    module.wait_for_dumps(1)
    dump = dumps_of(session.records())[0]
    check_sequence(dump.records)
    assert dump.begin.reason == abi.HANG_REASON
    [hang] = dump.hangs
    assert (hang.pid, hang.tgid, hang.comm) == (holder.pid, holder.pid, "lock_holder")
    task = task_of(dump, holder.pid)
    assert (task.state, task.start_time_ns) == ("D", hang.start_time_ns)


@pytest.mark.module(dump_gap_ms=2000, dump_on_hang=1)
def test_hung_tasks_that_a_dump_does_not_name_are_counted(module, session, fast_hang_detector, holders):
    eventually(lambda: module.status()["unnamed_hung_tasks"] > 0, "more hung tasks than a dump names")
    named = Counter()

    def most_named():
        named.update(record.dump_id for record in session.records() if record.type == abi.HANG)
        return max(named.values(), default=0)

    eventually(lambda: most_named() == 16, "a dump that names as many as it can")


@AT_ONCE
def test_hung_tasks_make_no_dump_unless_asked_for(module, session, fast_hang_detector, holder):
    until = rounds_of_hang_detector() + 4
    eventually(lambda: rounds_of_hang_detector() >= until, "rounds of the hang detector")
    assert module.status()["dumps"] == 0
