# SPDX-License-Identifier: Apache-2.0
"""Out of memory at any step: the call fails cleanly or copes, and nothing is left behind.

That nothing leaks is judged by kmemleak at the end of all tests; see conftest.py.
"""

import contextlib
import ctypes
import errno
import os
import re
from pathlib import Path

import pytest

import abi
from dumps import check_self_contained, check_sequence, dumps_of
from eventually import eventually
from faults import DEBUGFS, NthFault, allocations_that_wait, each_step, knobs, until_no_step_is_left
from memory import MADV_DONTNEED, advise, assert_ended, assert_hit
from module import MODULE_FILE, SPLATS, is_loaded
from subjects import PAGE, Child, Variable, pinned_bytes, read_proc

# A user's memory that cannot be reached is a fault of its own kind.
CLEAN = {errno.ENOMEM, errno.EFAULT}
AT_ONCE = pytest.mark.module(dump_gap_ms=0)
INIT_MODULE, DELETE_MODULE = 175, 176
FAULTS_MAX = 1_000_000


def state(module):
    status = module.status()
    return status["watches"], status["groups"], pinned_bytes()


def check_clean(errors, at_least=1):
    """More may fail, but for what the kernel still has from calls before."""
    assert errors.count(errno.ENOMEM) >= at_least
    assert set(errors) <= CLEAN


def test_open_fails_at_each_step_and_leaves_nothing(module):
    def undo(descriptor):
        os.close(descriptor)

    for mode in os.O_RDWR, os.O_WRONLY:
        check_clean(each_step(lambda: os.open(abi.DEVICE, mode | os.O_CLOEXEC), undo))
    assert state(module) == (0, 0, 0)


def test_a_watch_fails_at_each_step_and_leaves_nothing(module, session):
    variable = Variable()

    def watch():
        return session.watch(variable, 150)

    def check(error):
        assert state(module) == (0, 0, 0)

    # What only a first call allocates is there then, and no step changes its number.
    session.cancel(watch())
    check_clean(each_step(watch, session.cancel, check), at_least=2)


def test_a_watch_of_another_process_fails_at_each_step_and_leaves_nothing(module, session):
    variable = Variable()
    child = Child()

    def watch():
        return session.watch(variable, 150, pid=child.pid)

    def check(error):
        assert (state(module), pinned_bytes(child.pid)) == ((0, 0, 0), 0)

    session.cancel(watch())
    check_clean(each_step(watch, session.cancel, check), at_least=2)
    # It can be watched still.
    watch()
    assert (state(module), pinned_bytes(child.pid)) == ((1, 1, 0), PAGE)


def test_a_watch_with_a_history_fails_at_each_step_and_leaves_nothing(module, session):
    variable = Variable()

    def watch():
        # What fits into a page is not tried again in pages that do not lie next to each other.
        return session.watch_condition(variable, abi.CHANGED, history=8)

    def check(error):
        assert state(module) == (0, 0, 0)

    check_clean(each_step(watch, session.cancel, check), at_least=3)


def test_asking_and_changing_need_no_memory_and_a_list_fails_cleanly(module, session):
    identifier = session.watch(Variable(), 150)
    assert set(each_step(lambda: session.change(identifier, threshold=151))) <= {errno.EFAULT}
    assert set(each_step(lambda: session.state(identifier))) <= {errno.EFAULT}
    check_clean(each_step(lambda: session.list(8)))
    assert session.list() == ([identifier], 1)


def first_watch(number):
    """In a child: its first watch, with that step failing; the errno, whether it struck, and what is pinned then."""
    session, variable, fault = abi.Session(os.O_WRONLY), Variable(), NthFault()

    def watch(interval_ns=1_000_000):
        session.watch(variable, 150, interval_ns=interval_ns)

    # Refused at once; with it Python has what memory it needs, and the steps are the kernel's.
    fault.outcome(0, lambda: watch(interval_ns=1))
    _, error, struck = fault.outcome(number, watch)
    return error, struck, pinned_bytes()


def test_the_first_watch_of_an_address_space_fails_at_each_step_and_leaves_nothing(module):
    """Some of what the kernel keeps for an address space is only allocated once."""
    errors = []

    def strikes(number):
        child = Child()
        error, struck, pinned = child.run(first_watch, number)
        assert pinned == (0 if error else PAGE), (number, error)
        child.end()
        if error:
            errors.append(error)
        return struck

    with allocations_that_wait():
        until_no_step_is_left(strikes)
    check_clean(errors, at_least=2)
    module.wait_for_status(watches=0, groups=0)


def test_a_second_watch_that_fails_does_not_harm_the_first(module, session):
    variable, other = Variable(), Variable()
    first = session.watch(variable, 150)
    before = state(module)

    def watch():
        # Another page and another interval: all that can be needed is.
        return session.watch(other, 150, interval_ns=2_000_000)

    def check(error):
        assert state(module) == before

    # What only a first call allocates is there then, and no step changes its number.
    session.cancel(watch())
    check_clean(each_step(watch, session.cancel, check), at_least=2)
    variable.value = 151
    module.wait_for_dumps(1)
    [hit] = dumps_of(session.records())[0].hits
    assert hit.watch_id == first


def test_a_watch_is_gone_after_its_cancel_and_still_there_after_one_that_fails(module, session):
    variable = Variable()
    identifier = session.watch(variable, 150)
    other = session.watch(variable, 150)

    def watch_again(_result):
        nonlocal identifier
        assert session.list() == ([other], 1)
        assert state(module) == (1, 1, PAGE)
        identifier = session.watch(variable, 150)

    def check(error):
        assert sorted(session.list()[0]) == sorted([identifier, other])
        assert state(module) == (2, 1, PAGE)

    assert set(each_step(lambda: session.cancel(identifier), watch_again, check)) <= {errno.EFAULT}
    with pytest.raises(OSError) as caught:
        session.ioctl_at(abi.IOC_CANCEL, 0)
    assert caught.value.errno == errno.EFAULT
    check(errno.EFAULT)


def test_cancel_all_and_release_need_no_memory(module, session):
    variable = Variable(151)
    session.watch(variable, 150)
    module.wait_for_dumps(1)
    sequence = session.records()[-1].sequence
    assert set(each_step(lambda: session.release(sequence))) <= {errno.EFAULT}
    assert module.status()["buffer_used_bytes"] == 0
    assert each_step(session.cancel_all) == []
    assert state(module) == (0, 0, 0)


@AT_ONCE
def test_a_requested_dump_fails_at_each_step_or_comes(module, session):
    check_clean(each_step(session.dump))
    records = session.records()
    assert check_sequence(records) == 0
    assert dumps_of(records)
    eventually(lambda: len(dumps_of(records + session.records())) == module.status()["dumps"], "all dumps")


def test_a_read_that_fails_consumes_nothing(module, session):
    session.watch(Variable(151), 150)
    module.wait_for_dumps(1)
    session.cancel_all()
    expected = [record.sequence for record in session.records()]
    reader = module.open()

    def check_the_rest(data=b""):
        nonlocal reader
        found = abi.records_of(data) + reader.records()
        assert [record.sequence for record in found] == expected
        reader = module.open()

    errors = each_step(lambda: reader.read(1 << 20), check_the_rest, lambda error: error and check_the_rest())
    assert set(errors) == {errno.EFAULT}


@pytest.mark.module(dump_gap_ms=0, dump_states="RDIS")
def test_dumps_without_memory_end_and_count_what_they_left_out(module, session):
    """A dump runs on the module's own queue: faults strike at random, whoever allocates.

    Only failslab strikes there. All that a dump allocates is small, and slabs have room for it
    without a new page; copies that may not wait for the user's memory the kernel spares.
    """
    with allocations_that_wait(), knobs(
            failslab__times=FAULTS_MAX, failslab__interval=1, failslab__task_filter="N"):
        with knobs(failslab__probability=20):
            for _ in range(20):
                # The request itself may be struck.
                with contextlib.suppress(OSError):
                    session.dump()
        assert int((DEBUGFS / "failslab/times").read_text(encoding="ascii")) < FAULTS_MAX
    module.wait_for_dumps(1)
    records = session.records()
    assert check_sequence(records) == module.status()["lost_records"] == 0
    for dump in dumps_of(records):
        end = dump.end
        assert end.tasks_captured == len(dump.tasks) > 0
        assert end.tasks_seen >= end.tasks_captured + end.skipped_limit + end.skipped_time + end.skipped_exited
    # Nothing that was hurt stays hurt.
    session.dump()
    [dump] = dumps_of(session.records())
    check_self_contained(dump)


@contextlib.contextmanager
def workers_without_memory():
    """No worker of the kernel gets a page."""
    workers = [Path(f"/proc/{pid}/make-it-fail") for pid in filter(str.isdigit, os.listdir("/proc"))
               if read_proc(pid, "comm").startswith("kworker/")]
    for worker in workers:
        worker.write_text("1", encoding="ascii")
    with allocations_that_wait(), knobs(
            fail_page_alloc__ignore_gfp_highmem="N", fail_page_alloc__task_filter="Y", fail_page_alloc__interval=1,
            fail_page_alloc__times=FAULTS_MAX, fail_page_alloc__probability=100):
        yield
    for worker in workers:
        with contextlib.suppress(OSError):
            worker.write_text("0", encoding="ascii")


@AT_ONCE
def test_a_watch_ends_when_there_is_no_memory_for_its_page_and_says_so(module, session):
    variable = Variable(1)
    identifier = session.watch(variable, 150)
    # The worker that comes to it is there already.
    advise(variable.address, MADV_DONTNEED)
    eventually(lambda: not session.state(identifier).flags & abi.UNREADABLE, "the page of zeroes")
    with workers_without_memory():
        advise(variable.address, MADV_DONTNEED)
        assert_ended(module, session, identifier, variable, abi.NO_MEMORY)
    # Nothing that was hurt stays hurt.
    session.watch(variable, 150)
    variable.value = 151
    assert_hit(session, 151)


# ---- loading ----

# What the kernel says when it runs out of address space or pages for vmalloc; a trace follows.
ANNOUNCEMENT = re.compile(r"vmalloc error: size|page allocation failure")


def forgive_announced(log):
    """Takes the traces out of the log that the kernel shows for an allocation that failed."""
    kept, announced = [], 0
    for line in log.read():
        if ANNOUNCEMENT.search(line):
            announced += 1
        elif announced and SPLATS.search(line) and "Call Trace" in line:
            announced -= 1
            continue
        kept.append(line)
    log.lines = kept


@contextlib.contextmanager
def quiet_console():
    """Keeps those traces off the console, where tools/vm takes them for splats; /dev/kmsg has them."""
    ignore = Path("/sys/module/printk/parameters/ignore_loglevel")
    level = Path("/proc/sys/kernel/printk")
    before = level.read_text(encoding="ascii")
    level.write_text("1", encoding="ascii")
    ignore.write_text("N", encoding="ascii")
    try:
        yield
    finally:
        ignore.write_text("Y", encoding="ascii")
        level.write_text(before, encoding="ascii")


def test_loading_fails_at_each_step_and_can_be_repeated(kernel_log):
    image = Path(MODULE_FILE).read_bytes()
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number, *arguments):
        if libc.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "")

    def load():
        # From memory: reading the file would be hundreds of steps.
        call(INIT_MODULE, image, ctypes.c_ulong(len(image)), b"buffer_bytes=262144 max_tasks=16")

    def unload(_result):
        call(DELETE_MODULE, b"variable_monitor", os.O_NONBLOCK)

    def check(error):
        assert not is_loaded()
        assert not os.path.exists(abi.DEVICE)

    with quiet_console():
        errors = each_step(load, unload, check)
        forgive_announced(kernel_log)
    check_clean(errors, at_least=10)
    load()
    assert os.path.exists(abi.DEVICE)
    unload(None)
