# SPDX-License-Identifier: Apache-2.0
"""Who may do what. The device's file mode lets everyone in here, so that the module itself must refuse."""

import ctypes
import os
import resource
import struct
import socket
import subprocess
from pathlib import Path

import pytest

import abi
from abi import outcome
from memory import libc
from module import PROC
from subjects import (PAGE, Child, Variable, assign_own, become_nobody, become_root_of_user_namespace, create_own,
                      open_own, own_session, pinned_bytes, read_proc, watch_own)

pytestmark = pytest.mark.one_cpu
MILLISECOND = 10**6
FOR_READING = [os.O_RDONLY, os.O_RDWR]


# ---- strangers: processes without capabilities over the machine ----


def become_nobody_as_root():
    """Root of a user namespace that an unprivileged user made, as in `unshare -Ur`."""
    become_nobody()
    become_root_of_user_namespace()


STRANGERS = {
    "nobody": become_nobody,
    "nobody_in_user_namespace": become_nobody_as_root,
    # Owns root's files, and has no capability over the machine.
    "root_in_user_namespace": become_root_of_user_namespace,
}


@pytest.fixture(params=STRANGERS)
def become_stranger(module, request):
    os.chmod(abi.DEVICE, 0o666)
    return STRANGERS[request.param]


@pytest.fixture
def stranger(become_stranger):
    child = Child()
    child.run(become_stranger)
    return child


def outcome_of_open(mode):
    return outcome(abi.Session, mode)


def outcome_of_watching(address, pid=0, **request):
    session = abi.Session(os.O_WRONLY)
    return outcome(session.request, address=address, pid=pid, length=8, **{"interval_ns": MILLISECOND, **request})


def outcome_of_own(*arguments, **keywords):
    """The outcome of watching a variable of one's own, and what is pinned then."""
    return outcome(watch_own, *arguments, **keywords), pinned_bytes()


# ---- reading ----


@pytest.mark.parametrize("mode", FOR_READING, ids=["read", "read_write"])
def test_a_stranger_cannot_open_the_device_for_reading(stranger, mode):
    assert stranger.run(outcome_of_open, mode) == "EPERM"
    assert stranger.run(outcome_of_open, os.O_WRONLY) == "success"


def outcome_of_reading(descriptor):
    return outcome(os.read, descriptor, abi.RECORD_SIZE_MAX)


def test_a_stranger_cannot_read_an_inherited_descriptor(module, session, stranger):
    session.watch(Variable(151), 150)
    module.wait_for_dumps(1)
    assert stranger.run(outcome_of_reading, session.descriptor) == "EPERM"
    assert session.records()


def outcomes_of_received(channel):
    with socket.socket(fileno=channel) as passage:
        _, [descriptor], *_ = socket.recv_fds(passage, 16, 1)
    session = abi.Session(descriptor=descriptor)
    return [outcome(session.read), outcome(session.cancel_all), outcome(session.release, 1), outcome(session.dump)]


def test_a_stranger_cannot_read_or_change_a_session_that_it_was_sent(module, session, become_stranger):
    session.watch(Variable(151), 150)
    module.wait_for_dumps(1)
    ours, theirs = socket.socketpair()
    child = Child()
    child.run(become_stranger)
    with ours, theirs:
        socket.send_fds(ours, [b"session"], [session.descriptor])
        assert child.run(outcomes_of_received, theirs.fileno()) == ["EPERM", "EIO", "EIO", "EIO"]
    assert module.status()["watches"] == 1
    assert session.records()


def outcomes_of_own_reader():
    session = own_session()
    return [outcome(session.read), outcome(session.release, 1), outcome(session.dump)]


def test_who_gives_up_its_capabilities_can_read_no_more(module, session, become_stranger):
    session.watch(Variable(151), 150)
    module.wait_for_dumps(1)
    child = Child()
    child.run(open_own, os.O_RDWR)
    child.run(become_stranger)
    assert child.run(outcomes_of_own_reader) == ["EPERM"] * 3
    assert module.status()["buffer_used_bytes"] > 0
    assert child.run(outcome_of_own, 150) == ("success", PAGE)


# ---- watching ----


def test_a_stranger_watches_itself_and_no_process_that_was_there_before(module, stranger):
    address = Variable().address
    equal = Child()
    for pid in os.getpid(), equal.pid, 1:
        assert stranger.run(outcome_of_watching, address, pid) == "EPERM"
    assert module.holds() == (0, 0, 0)
    assert stranger.run(outcome_of_own, 150, pid=stranger.pid) == ("success", PAGE)


def start_program():
    """A child of the caller with memory of the caller's own user namespace; its pid and an address."""
    pid = subprocess.Popen(["/bin/sleep", "1000"]).pid
    return pid, int(read_proc(pid, "maps").split("-")[0], 16)


@pytest.mark.parametrize("become, expected", zip(STRANGERS.values(), ["EPERM", "success", "success"]), ids=STRANGERS)
def test_root_of_a_user_namespace_may_watch_the_programs_that_it_started_there(module, become, expected):
    os.chmod(abi.DEVICE, 0o666)
    child = Child()
    child.run(become)
    pid, address = child.run(start_program)
    assert child.run(outcome_of_watching, address, pid) == expected
    assert module.status()["watches"] == (expected == "success")


@pytest.mark.parametrize("become", list(STRANGERS.values())[1:], ids=list(STRANGERS)[1:])
def test_root_of_a_user_namespace_is_nobody_in_another(module, become):
    os.chmod(abi.DEVICE, 0o666)
    one, other = Child(), Child()
    for child in one, other:
        child.run(become)
    pid, address = other.run(start_program)
    assert one.run(outcome_of_watching, address, pid) == "EPERM"


def test_a_stranger_s_floor_is_higher_and_the_default_is_raised_to_it(module, session, stranger):
    module.set_knob("def_interval_ns", 1000)
    assert stranger.run(outcome_of_own, 150, interval_ns=9_999) == ("ERANGE", 0)
    assert stranger.run(outcome_of_own, 150, interval_ns=10_000) == ("success", PAGE)
    stranger.run(create_own, "other", 151)
    assert stranger.run(outcome_of_own, 150, key="other", interval_ns=0) == ("success", 2 * PAGE)
    module.wait_for_dumps(1)
    [hit] = [record for record in session.records() if record.type == abi.HIT]
    assert hit.interval_ns == 10_000


@pytest.mark.module(min_interval_unprivileged_ns=50_000)
def test_a_stranger_s_floor_is_a_parameter(module, session, stranger):
    assert stranger.run(outcome_of_own, 150, interval_ns=49_999) == ("ERANGE", 0)
    assert stranger.run(outcome_of_own, 151, interval_ns=50_000) == ("success", PAGE)
    session.watch(Variable(), 150, interval_ns=1000)
    # The default interval lies below the floor.
    stranger.run(create_own, "other", 151)
    assert stranger.run(outcome_of_own, 150, key="other", interval_ns=0) == ("success", 2 * PAGE)
    module.wait_for_dumps(1)
    [hit] = [record for record in session.records() if record.type == abi.HIT]
    assert hit.interval_ns == 50_000


def set_locked_limit(size):
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (size, size))


def test_a_stranger_s_pages_beyond_the_limit_of_locked_memory_are_refused(module, stranger):
    stranger.run(set_locked_limit, PAGE)
    assert stranger.run(outcome_of_own, 150) == ("success", PAGE)
    assert stranger.run(outcome_of_own, 151) == ("success", PAGE)
    assert stranger.run(outcome_of_own, 150, key="on another page") == ("ENOMEM", PAGE)
    assert module.status()["watches"] == 2
    stranger.run(set_locked_limit, 0)
    assert stranger.run(outcome_of_own, 150, key="on another page") == ("ENOMEM", PAGE)


# ---- the knobs ----


KNOBS = ["def_interval_ns", "dump_reset_sec", "status"]


def outcomes_of_turning():
    return {name: outcome(Path(PROC, name).write_text, "20000") for name in KNOBS}


def test_a_stranger_cannot_turn_a_knob(module, stranger):
    # The files' mode keeps out all but root, also the root of a user namespace; the module keeps out that one.
    assert set(stranger.run(outcomes_of_turning).values()) <= {"EACCES", "EPERM", "EIO"}
    assert [module.knob(name) for name in KNOBS[:2]] == ["10000\n", "5\n"]


# ---- single capabilities ----

SYS_PTRACE, SYS_ADMIN, PERFMON = 19, 21, 38
CAPABILITY_VERSION_3 = 0x20080522
INTERVALS = [999, 1000, 9_999, 10_000]


def keep_only(capabilities):
    """Root with no capabilities but these."""
    low, high = (sum(1 << number % 32 for number in capabilities if number // 32 == word) for word in range(2))
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=6I", low, low, 0, high, high, 0)     # effective, permitted, inheritable
    assert ctypes.CDLL(None).capset(header, sets) == 0


def possible_intervals():
    return [interval for interval in INTERVALS if outcome(watch_own, 150, interval_ns=interval) == "success"]


@pytest.mark.parametrize("capabilities, reads, intervals, watches_others, turns_knobs", [
    ([], "EPERM", [10_000], "EPERM", "EPERM"),
    ([PERFMON], "EPERM", [1000, 9_999, 10_000], "EPERM", "EPERM"),
    ([SYS_PTRACE], "EPERM", [10_000], "success", "EPERM"),
    ([PERFMON, SYS_PTRACE], "success", [1000, 9_999, 10_000], "success", "EPERM"),
    ([SYS_ADMIN], "success", [1000, 9_999, 10_000], "EPERM", "success"),
], ids=["none", "perfmon", "sys_ptrace", "perfmon_sys_ptrace", "sys_admin"])
def test_a_capability_permits_what_it_is_for(module, capabilities, reads, intervals, watches_others, turns_knobs):
    variable = Variable()
    child, other = Child(), Child()
    child.run(keep_only, capabilities)
    assert [child.run(outcome_of_open, mode) for mode in FOR_READING] == [reads] * 2
    assert child.run(possible_intervals) == intervals
    assert child.run(outcome_of_watching, variable.address, other.pid) == watches_others
    assert child.run(outcome, module.set_knob, "dump_reset_sec", 5) == turns_knobs


# ---- a session in other hands ----


def outcomes_of_ioctls(session, identifier):
    return [outcome(session.watch, Variable(), 150), outcome(session.cancel, identifier),
            outcome(session.cancel_all), outcome(session.release, 1), outcome(session.dump), pinned_bytes()]


INHERITED = []


def outcomes_of_inherited():
    return outcomes_of_ioctls(*INHERITED[-1])


@pytest.mark.parametrize("become", [os.getpid, *STRANGERS.values()], ids=["root", *STRANGERS])
def test_a_session_belongs_to_the_address_space_that_opened_it(module, session, become):
    variable = Variable()
    INHERITED.append((session, session.watch(variable, 150)))
    child = Child()
    INHERITED.clear()
    child.run(become)
    assert child.run(outcomes_of_inherited) == ["EIO"] * 5 + [0]
    assert module.holds() == (1, 1, PAGE)
    variable.value = 151
    module.wait_for_status(hits=1)


# ---- lockdown ----

SECURITY = Path("/sys/kernel/security")


def lock_down(level):
    """Until the next boot."""
    if not (SECURITY / "lockdown").exists():
        assert libc.mount(b"securityfs", bytes(SECURITY), b"securityfs", 0, None) == 0
    (SECURITY / "lockdown").write_text(level)


@pytest.mark.last
@pytest.mark.module(dump_gap_ms=0)
def test_a_locked_down_kernel_lets_nobody_read_and_watches_go_on(module, session):
    """Not even who opened the device before."""
    child = Child()
    child.run(open_own, os.O_RDWR, os.O_NONBLOCK | os.O_CLOEXEC)
    lock_down("integrity")
    assert [child.run(outcome_of_open, mode) for mode in FOR_READING] == ["success"] * 2
    session.dump()
    assert child.run(outcomes_of_own_reader) == ["success"] * 3
    lock_down("confidentiality")
    assert [child.run(outcome_of_open, mode) for mode in FOR_READING] == ["EPERM"] * 2
    assert child.run(outcomes_of_own_reader) == ["EPERM"] * 3
    child.run(watch_own, 150)
    child.run(assign_own, 151)
    module.wait_for_status(hits=1)
