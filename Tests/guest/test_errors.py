# SPDX-License-Identifier: Apache-2.0
"""Bad input gets its errno, and changes nothing."""

import ctypes
import errno
import mmap
import os
import signal
import subprocess
import time

import pytest

import abi
from abi import outcome
from eventually import SLOWNESS
from memory import map_memory, protect, unmap
from module import is_loaded
from subjects import NOBODY, PAGE, Child, Variable, cancel_own, page_at, program, watch_own

pytestmark = pytest.mark.one_cpu
HOUR = 3600 * 10**9
MILLISECOND = 10**6


def unmapped_address():
    """Where a page was until just now, and this process maps nothing soon."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(ctypes.c_void_p(0x123450000), PAGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    assert libc.munmap(ctypes.c_void_p(address), PAGE) == 0
    return address


def page_without_access():
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    return libc.mmap(None, PAGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)


def reaped_pid():
    child = Child()
    child.end()
    return child.pid


def zombie_pid():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


def bad_requests(page):
    """What each request has that a good one has not, and its errno."""
    for length in 0, 3, 5, 6, 7, 16, 128, 255:
        yield {"length": length}, "EINVAL"
    for comparison in 2, 255:
        yield {"comparison": comparison}, "EINVAL"
    for flags in 2, 3, 128:
        yield {"flags": flags}, "EINVAL"
    yield {"reserved0": 1}, "EINVAL"
    yield {"reserved": b"\1".ljust(16, b"\0")}, "EINVAL"
    yield {"reserved": b"\1".rjust(16, b"\0")}, "EINVAL"
    yield {"name": b"sixteen bytes..."}, "ENAMETOOLONG"
    for interval_ns in 1, 999, HOUR + 1, 2**64 - 1:
        yield {"interval_ns": interval_ns}, "ERANGE"
    for offset, length in (57, 8), (61, 4), (63, 2), (PAGE - 4, 8), (PAGE - 1, 2):
        yield {"address": page + offset, "length": length}, "EXDEV"
    for address in (0, 8, unmapped_address(), page_without_access(), 1 << 47, 1 << 63,
                    0xFFFF888000000000, 0xFFFFFFFF81000000, 2**64 - 8):
        yield {"address": address}, "EFAULT"
    for pid in reaped_pid(), zombie_pid(), 2, -1, -2**31, 2**31 - 1:
        yield {"pid": pid}, "ESRCH"


def test_a_bad_request_has_its_errno_and_leaves_everything_as_it_was(module, session):
    variable = Variable()
    good = {"address": variable.address, "length": 8, "threshold": 150, "interval_ns": MILLISECOND, "name": b"temp"}
    session.request(**good)
    before = module.holds()
    assert before == (1, 1, PAGE)
    page = Variable()
    found, expected = [], []
    for change, error in bad_requests(page_at(page)):
        found.append((change, outcome(session.request, **{**good, **change}), module.holds()))
        expected.append((change, error, before))
    assert found == expected
    # None of them was as bad as that because of something else.
    assert outcome(session.request, **good) == "success"
    variable.value = 151
    module.wait_for_status(hits=2)


def test_requests_at_the_limits_of_what_is_good_succeed(module, session):
    page = Variable()
    for change in ({"interval_ns": 1000}, {"interval_ns": HOUR}, {"name": b"fifteen bytes.."}, {"name": b""},
                   {"length": 8, "address": page.address + 56}, {"length": 4, "address": page.address + 3},
                   {"length": 1, "address": page.address + PAGE - 1}, {"pid": os.getpid()}):
        request = {"address": page.address, "length": 4, "interval_ns": MILLISECOND, **change}
        assert outcome(session.request, **request) == "success", change
    session.cancel_all()
    assert module.holds() == (0, 0, 0)


@pytest.mark.module(min_interval_ns=50_000)
def test_the_floor_is_a_parameter_and_the_default_interval_is_raised_to_it(module, session):
    variable = Variable(151)
    assert outcome(session.watch, variable, 150, interval_ns=49_999) == "ERANGE"
    assert outcome(session.watch, variable, 150, interval_ns=0) == "success"
    module.wait_for_dumps(1)
    [hit] = [record for record in session.records() if record.type == abi.HIT]
    assert hit.interval_ns == 50_000


def test_the_4097th_watch_is_refused(module, session):
    page = Variable()
    for _ in range(4096):
        session.watch(page, 150, interval_ns=HOUR)
    assert module.holds() == (4096, 128, PAGE)
    assert outcome(session.watch, page, 150, interval_ns=HOUR) == "ENOSPC"
    assert outcome(session.watch, Variable(), 150) == "ENOSPC"
    assert module.holds() == (4096, 128, PAGE)
    # The same through the Swift library, whose error says what to do.
    refused = subprocess.run(["userstack", "1"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "cancel watches" in refused.stderr.lower()
    session.cancel_all()
    assert module.holds() == (0, 0, 0)


@pytest.mark.module(dump_gap_ms=3_600_000)
def test_watches_that_ended_count_until_their_hits_are_dumped(module, session):
    """Else whoever starts, hits and cancels again and again would fill the kernel's memory."""
    page = Variable(151)
    session.dump()      # the next one is an hour away
    for round_number in range(8):
        for _ in range(512):
            session.watch(page, 150)
        module.wait_for_status(hits=512 * (round_number + 1))
        session.cancel_all()
    assert module.holds() == (0, 0, 0)
    assert outcome(session.watch, page, 150) == "ENOSPC"


@pytest.mark.module(dump_gap_ms=0, max_tasks=1, user_stack_bytes=0)
def test_watches_that_ended_are_forgotten_after_their_dump_though_they_would_be_mute(module, session):
    module.set_knob("dump_reset_sec", 86400)
    page = Variable(151)
    for round_number in range(9):
        for _ in range(512):
            session.watch(page, 150)
        module.wait_for_status(hits=512 * (round_number + 1))
        session.cancel_all()
        session.dump()
    assert outcome(session.watch, page, 150) == "success"


def test_the_129th_interval_is_refused_while_other_groups_have_room(module, session):
    page = Variable()
    for place in range(128):
        session.watch(page, 150, interval_ns=HOUR - place)
    assert outcome(session.watch, page, 150, interval_ns=HOUR - 128) == "ENOSPC"
    assert module.holds() == (128, 128, PAGE)
    assert outcome(session.watch, page, 150, interval_ns=HOUR - 127) == "success"
    assert module.holds() == (129, 128, PAGE)


# ---- sessions and ioctls ----


def watch_with_alarm(delay_seconds):
    """In a child: the outcome of a first watch that a signal interrupts, and the seconds that it took."""
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    session, variable = abi.Session(os.O_WRONLY), Variable()
    begin = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, delay_seconds)
    result = outcome(session.watch, variable, 150)
    return result, time.monotonic() - begin


def test_a_signal_does_not_keep_a_process_from_its_first_watch(module):
    # The kernel looks for signals between one mapping and the next.
    mappings = 4000 // SLOWNESS
    area = map_memory(size=mappings * PAGE)
    for number in range(0, mappings, 2):
        protect(area + number * PAGE, mmap.PROT_READ)
    _, seconds = Child().run(watch_with_alarm, 0)
    for part in range(1, 6):
        assert Child().run(watch_with_alarm, seconds * part / 6)[0] == "success"
    unmap(area, mappings * PAGE)


def test_a_session_for_reading_cannot_watch(module):
    reader = module.open(os.O_RDONLY)
    assert outcome(reader.watch, Variable(), 150) == "EBADF"
    assert outcome(reader.cancel, 1) == "EBADF"
    assert outcome(reader.cancel_all) == "EBADF"
    assert module.holds() == (0, 0, 0)


def test_a_child_s_own_session_and_its_cancel_leave_its_parent_s_watches(module, session):
    session.watch(Variable(), 150)
    child = Child()
    child.run(watch_own, 150)
    assert module.status()["watches"] == 2
    child.run(cancel_own)
    assert module.holds() == (1, 1, PAGE)


def test_a_watch_of_another_session_cannot_be_cancelled(module, session):
    identifier = session.watch(Variable(), 150)
    assert outcome(module.open().cancel, identifier) == "ENOENT"
    assert outcome(session.cancel, identifier + 1) == "ENOENT"
    assert module.status()["watches"] == 1
    assert outcome(session.cancel, identifier) == "success"
    assert outcome(session.cancel, identifier) == "ENOENT"


def test_ids_are_never_used_again(module, session):
    found = []
    for _ in range(5):
        found.append(session.watch(Variable(), 150))
        session.cancel(found[-1])
    assert sorted(set(found)) == found


def test_arguments_that_cannot_be_read_or_written_are_efault(module, session):
    for number in abi.IOC_WATCH, abi.IOC_CANCEL, abi.IOC_RELEASE:
        for pointer in 0, 8, 0xFFFFFFFF81000000:
            assert outcome(session.ioctl_at, number, pointer) == "EFAULT"
    # The id cannot be handed back: the watch must not stay.
    variable = Variable()
    request = mmap.mmap(-1, PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    request[:abi.WATCH.size] = abi.WATCH.pack(address=variable.address, length=8, interval_ns=MILLISECOND)
    place = ctypes.addressof(ctypes.c_char.from_buffer(request))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(place), ctypes.c_size_t(PAGE), mmap.PROT_READ) == 0
    assert outcome(session.ioctl_at, abi.IOC_WATCH, place) == "EFAULT"
    assert module.holds() == (0, 0, 0)


def test_unknown_ioctls_are_enotty(module, session):
    for number in 0, abi.IOC_WATCH + 0x10, abi.IOC_WATCH ^ 0x80 << 16, abi.IOC_CANCEL_ALL | 1 << 30:
        assert outcome(session.ioctl_at, number, 0) == "ENOTTY"


# ---- the same through the libraries ----

# Arguments of subjects/library.c, the errno, and a word of the next step.
LIBRARY_ERRORS = [
    ({"length": 3}, "EINVAL", "1, 2, 4 or 8"),
    ({"length": 16}, "EINVAL", "1, 2, 4 or 8"),
    ({"name": "sixteen bytes..."}, "ENAMETOOLONG", "choose a shorter one"),
    ({"interval": 999}, "ERANGE", "choose one from"),
    ({"place": "null"}, "EFAULT", "pass one that exists"),
    ({"place": "line"}, "EXDEV", "align it"),
    ({"pid": 2**22 + 1}, "ESRCH", "check task_id"),
]
# The same without privileges.
NOBODY_ERRORS = [
    ({"interval": 9999}, "ERANGE", "choose one from"),
    ({"pid": 1}, "EPERM", "run as root"),
    ({"locked": 0}, "ENOMEM", "ulimit -l"),
]
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def library_error(words, name="temp", length=4, interval=0, pid=0, place="good", locked=None):
    """What a C program with monitor_user.h gets: errno's name and text."""
    limit = ["prlimit", f"--memlock={locked}"] if locked is not None else []
    command = [*limit, *words, program("library"), name, str(length), str(interval), str(pid), place]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    number, text = done.stdout.rstrip("\n").split(" ", 1)
    return errno.errorcode.get(int(number), "success"), text


def check_library_errors(table, words=()):
    for change, error, next_step in table:
        found, text = library_error(words, **change)
        assert found == error, change
        assert next_step in text.lower(), change


def test_the_c_library_s_errors_say_what_to_do(module):
    check_library_errors(LIBRARY_ERRORS)
    os.chmod(abi.DEVICE, 0o622)
    check_library_errors(NOBODY_ERRORS, AS_NOBODY)
    os.chmod(abi.DEVICE, 0o600)
    check_library_errors([({}, "EACCES", "run as root")], AS_NOBODY)
    assert module.holds() == (0, 0, 0)
    assert library_error([])[0] == "success"


def swift_error(*words):
    done = subprocess.run([*words, "userstack", "1"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.lower()


def test_the_swift_library_s_errors_say_what_to_do(module):
    assert "run as root" in swift_error(*AS_NOBODY)
    os.chmod(abi.DEVICE, 0o622)
    assert "ulimit -l" in swift_error("prlimit", "--memlock=0", *AS_NOBODY)
    assert module.holds() == (0, 0, 0)


def test_without_the_module_both_libraries_say_how_to_load_it():
    assert not is_loaded()
    assert library_error([])[0] == "ENOENT"
    assert "insmod kmod/variable_monitor.ko" in library_error([])[1]
    assert "insmod kmod/variable_monitor.ko" in swift_error()
