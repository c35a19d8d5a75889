# SPDX-License-Identifier: Apache-2.0
"""What a dump says about the lock that a task waits for, against locks whose holders are known."""

import os
import platform
import signal
import struct
import time

import pytest

import abi
from dumps import blocked_of, dumps_of, task_of
from eventually import eventually
from module import load_file, unload_file
from subjects import PROJECT, Child, end_descendants, program, read_proc, start, state_of, wait_until_blocked_in

pytestmark = pytest.mark.module(dump_gap_ms=0)
EVERYONE = pytest.mark.module(dump_gap_ms=0, dump_states="RDST")
HOLDER = f"{PROJECT}/kmod/testing/lock_holder.ko"
FOLDER = "/sys/kernel/debug/lock_holder"
FOLDER_OF_ALL = "/tmp/renamed"
DUMPS = 20
REALTIME = "PREEMPT_RT" in platform.version()


@pytest.fixture
def locks():
    load_file(HOLDER)
    yield
    end_descendants()
    unload_file(HOLDER)


def take(name):
    """Takes a lock of lock_holder.ko, or waits for it; returns only if it is not given back."""
    with open(f"{FOLDER}/{name}", "wb", buffering=0) as file:
        file.write(b"1")


def start_taking(name):
    """A process that takes a lock, or waits for it, once it is asleep in there."""
    child = Child()
    child.start(take, name)
    eventually(lambda: "[lock_holder]" in read_proc(child.pid, "stack") and state_of(child.pid) in "DS",
               f"a process in {name}")
    return child


def symbol(name):
    """The address of a lock of lock_holder.ko."""
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        [address] = [line.split()[0] for line in symbols if line.endswith(f" {name}\t[lock_holder]\n")]
    return int(address, 16)


def dump_all(session, children=()):
    """One dump, in which the processes are though they may wait interruptibly: one request has one pid."""
    session.dump(pid=children[0].pid if children else 0)
    return dumps_of(session.records())[-1]


def blocked(session, child):
    return blocked_of(dump_all(session, [child]), child.pid)


def owner_of(record):
    return record.owner_pid, record.owner_tgid, record.owner_comm, record.owner_start_time_ns


def identity(dump, pid):
    task = task_of(dump, pid)
    return task.pid, task.tgid, task.comm, task.start_time_ns


NOBODY = 0, 0, "", 0
FUTEX_FLAGS = abi.FUTEX_CALL | abi.FUTEX_WORDS | abi.FUTEX_PIDS


def test_the_module_finds_locks_on_this_kernel(module):
    assert module.status()["finds_locks"] == 1


@pytest.mark.parametrize("lock, waiting, variable, kind", [
    ("mutex", "mutex", "held_mutex", abi.MUTEX),
    ("rwsem_write", "rwsem_write", "held_rwsem", abi.RWSEM_WRITE),
    ("rwsem_write", "rwsem_read", "held_rwsem", abi.RWSEM_READ),
    ("rt_mutex", "rt_mutex", "held_rt_mutex", abi.RT_MUTEX),
])
def test_a_waiter_names_lock_kind_owner_and_its_place_in_the_queue(locks, session, lock, waiting, variable, kind):
    holder = start_taking(lock)
    waiters = [start_taking(waiting) for _ in range(3)]
    for place, waiter in enumerate(waiters):
        session.dump(pid=holder.pid)
        session.dump(pid=waiter.pid)
        first, dump = dumps_of(session.records())
        record = blocked_of(dump, waiter.pid)
        assert (record.lock, record.kind) == (symbol(variable), kind)
        assert owner_of(record) == identity(first, holder.pid)
        assert record.flags == abi.OWNER | abi.QUEUE
        assert (record.queue_place, record.waiters, record.readers) == (place, 3, 0)
        assert (record.futex, record.futex_operation) == (0, 0)
        assert blocked_of(first, holder.pid) is None, "who sleeps with the lock waits for none"


def test_a_writer_that_waits_for_readers_names_their_number(locks, session):
    for _ in range(3):
        start_taking("rwsem_read")
    record = blocked(session, start_taking("rwsem_write"))
    assert (record.lock, record.kind) == (symbol("held_rwsem"), abi.RWSEM_WRITE)
    assert (record.flags, record.readers) == (abi.READERS | abi.QUEUE, 3)
    assert (owner_of(record), record.queue_place, record.waiters) == (NOBODY, 0, 1)


def test_who_waits_behind_a_waiting_writer_knows_what_for(locks, session):
    start_taking("rwsem_read")
    first = start_taking("rwsem_write")
    second = start_taking("rwsem_write")
    dump = dump_all(session)
    record, before = blocked_of(dump, second.pid), blocked_of(dump, first.pid)
    assert (record.lock, record.kind, record.readers) == (symbol("held_rwsem"), abi.RWSEM_WRITE, 1)
    if REALTIME:    # the first writer has claimed it, and waits in no queue
        assert record.flags == abi.OWNER | abi.READERS | abi.QUEUE
        assert owner_of(record) == identity(dump, first.pid)
        assert (record.queue_place, record.waiters) == (0, 1)
        assert (owner_of(before), before.readers) == (NOBODY, 1)
    else:
        assert record.flags == abi.READERS | abi.QUEUE
        assert (owner_of(record), record.queue_place, record.waiters) == (NOBODY, 1, 2)


def test_a_semaphore_has_a_queue_but_no_owner(locks, session):
    start_taking("semaphore")
    waiters = [start_taking("semaphore") for _ in range(2)]
    dump = dump_all(session)
    for place, waiter in enumerate(waiters):
        record = blocked_of(dump, waiter.pid)
        assert (record.lock, record.kind) == (symbol("held_semaphore"), abi.SEMAPHORE)
        assert (owner_of(record), record.flags) == (NOBODY, abi.QUEUE)
        assert (record.queue_place, record.waiters) == (place, 2)


def test_an_owner_that_has_exited_is_not_named(locks, session):
    holder = Child()
    holder.run(take, "abandoned")
    waiter = start_taking("abandoned")
    alive = blocked(session, waiter)
    assert (alive.owner_pid, alive.flags) == (holder.pid, abi.OWNER | abi.QUEUE)
    holder.end()
    record = blocked(session, waiter)
    assert (record.lock, record.kind) == (symbol("abandoned_mutex"), abi.MUTEX)
    assert record.flags == abi.OWNER | abi.OWNER_EXITED | abi.QUEUE
    assert owner_of(record) == NOBODY


def test_an_owner_that_nobody_has_reaped_is_named_and_said_to_have_exited(locks, session):
    holder = Child()
    holder.run(take, "abandoned")
    waiter = start_taking("abandoned")
    os.kill(holder.pid, signal.SIGKILL)
    eventually(lambda: state_of(holder.pid) == "Z", "a zombie")
    record = blocked(session, waiter)
    assert (record.owner_pid, record.flags) == (holder.pid, abi.OWNER | abi.OWNER_EXITED | abi.QUEUE)


def test_a_long_queue_is_counted_to_its_end(locks, session):
    start_taking("mutex")
    waiters = [start_taking("mutex") for _ in range(40)]
    dump = dump_all(session)
    records = [blocked_of(dump, waiter.pid) for waiter in waiters]
    assert [record.queue_place for record in records] == list(range(40))
    assert {record.waiters for record in records} == {40}


def test_the_wait_is_as_long_as_it_was(locks, session):
    start_taking("mutex")
    before = time.monotonic_ns()
    waiter = start_taking("mutex")
    first = blocked(session, waiter)
    assert 0 < first.waited_ns < first.time_ns - before
    second = blocked(session, waiter)
    # One clock is the scheduler's, the other is not.
    assert abs(second.waited_ns - first.waited_ns - (second.time_ns - first.time_ns)) < 100_000_000


def test_a_task_that_spins_is_told_without_its_lock(locks, session):
    holder = start_taking("spinlock")
    waiter = Child()
    waiter.start(take, "spinlock")
    eventually(lambda: state_of(waiter.pid) == "R", "a process that spins")
    record = eventually(lambda: blocked(session, waiter), "a spinner that is caught")
    assert (record.kind, record.lock, record.flags) == (abi.SPINLOCK, 0, 0)
    holder.end()
    eventually(lambda: state_of(waiter.pid) == "D", "a process that has the spinlock")
    assert blocked(session, waiter) is None


# ---- futexes ----


@EVERYONE
def test_a_thread_that_waits_for_a_pthread_mutex_shows_its_words(session):
    process = start(program("futex_waiters"))
    plain, inheriting = (int(word, 16) for word in process.first_line.split())

    def threads():
        return {read_proc(process.pid, f"task/{thread}/comm").strip(): int(thread)
                for thread in os.listdir(f"/proc/{process.pid}/task")}

    eventually(lambda: {"plain", "inheriting"} <= set(threads()) and
               {state_of(thread) for thread in threads().values()} == {"S"}, "threads that wait")
    dump = dump_all(session)
    record = blocked_of(dump, threads()["plain"])
    assert (record.kind, record.lock, record.flags) == (abi.FUTEX, 0, FUTEX_FLAGS)
    assert (record.futex, owner_of(record)) == (plain, NOBODY)
    assert struct.unpack("=4I", record.futex_words) == (2, 0, process.pid, 1)

    record = blocked_of(dump, threads()["inheriting"])
    assert (record.kind, record.futex) == (abi.RT_MUTEX, inheriting)
    assert record.flags == abi.OWNER | abi.QUEUE | FUTEX_FLAGS
    assert owner_of(record) == identity(dump, process.pid)
    assert record.lock >> 47 == 0x1FFFF
    assert struct.unpack("=4I", record.futex_words)[0] & 0x3FFFFFFF == process.pid
    assert blocked_of(dump, process.pid) is None


# ---- tasks that wait for no lock ----


def sleep_in_poll():
    import select
    select.select([], [], [], 1000)


def sleep_in_nanosleep():
    time.sleep(1000)


def sleep_in_pipe():
    os.read(os.pipe()[0], 1)


def sleep_in_wait():
    child = os.fork()
    if child == 0:
        signal.pause()
    os.waitpid(child, 0)


def sleep_in_sigwait():
    signal.sigwait([signal.SIGUSR1])


def sleep_in_flock():
    import fcntl
    first, second = (os.open("/tmp/flock", os.O_CREAT | os.O_RDWR) for _ in range(2))
    fcntl.flock(first, fcntl.LOCK_EX)
    fcntl.flock(second, fcntl.LOCK_EX)


# With the system calls that they sleep in.
SLEEPS = {
    sleep_in_poll: 270, sleep_in_nanosleep: 230, sleep_in_pipe: 0, sleep_in_wait: 61, sleep_in_sigwait: 128,
    sleep_in_flock: 73,
}


def start_sleeping(function, system_call):
    child = Child()
    child.start(function)
    wait_until_blocked_in(child, system_call)
    return child


def rename_atomically(number):
    """Renames in one folder, whose lock all that do so want."""
    os.makedirs(FOLDER_OF_ALL, exist_ok=True)
    name = f"{FOLDER_OF_ALL}/{number}"
    open(name, "wb").close()
    while True:
        os.rename(name, f"{name}.old")
        os.rename(f"{name}.old", name)


@EVERYONE
def test_sleepers_that_wait_for_no_lock_are_never_said_to(locks, session):
    """While other processes wait for locks, dump after dump."""
    for number in range(3):
        Child().start(rename_atomically, number)
    holder = start_taking("mutex")
    waiter = start_taking("mutex")
    sleepers = [start_sleeping(*sleep) for sleep in SLEEPS.items()]
    for _ in range(DUMPS):
        session.dump()
        [dump] = dumps_of(session.records())
        session.release(dump.end.sequence)
        assert not dump.lost
        innocent = {holder.pid, *(sleeper.pid for sleeper in sleepers)}
        assert innocent <= {task.pid for task in dump.tasks}
        assert not innocent & {record.pid for record in dump.blocked}
        assert blocked_of(dump, waiter.pid).owner_pid == holder.pid
        for record in dump.blocked:
            check_plausible(record)


def check_plausible(record):
    """What is true of any lock in the kernel."""
    if record.kind in (abi.MUTEX, abi.RWSEM_READ, abi.RWSEM_WRITE, abi.SEMAPHORE, abi.RT_MUTEX):
        assert record.lock >> 47 == 0x1FFFF and record.lock % 4 == 0
        assert record.queue_place < record.waiters
        assert record.owner_pid != record.pid
