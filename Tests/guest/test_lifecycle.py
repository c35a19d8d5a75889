# SPDX-License-Identifier: Apache-2.0
"""Loading and unloading, the ends of watches, and the files in /proc."""

import os
import signal
import subprocess

import pytest

import abi
from eventually import eventually
from module import MODULE_FILE, PROC, Module, is_loaded
from subjects import (PAGE, Child, Variable, assign_own, create_own, fork_pausing, open_own,
                      pinned_bytes, watch_own)

# ---- the ends of watches ----


def test_cancelling_one_watch_ends_that_one(module, session):
    first, second = Variable(), Variable()
    identifier = session.watch(first, 150)
    session.watch(second, 150)
    session.cancel(identifier)
    assert module.status()["watches"] == 1
    assert pinned_bytes() == PAGE
    first.value = 151
    module.wait_for_ticks(50)
    assert module.status()["hits"] == 0
    second.value = 151
    module.wait_for_status(hits=1)


def test_cancelling_all_ends_only_this_session_s_watches(module, session):
    other = module.open()
    variables = [Variable() for _ in range(40)]
    for variable in variables:
        session.watch(variable, 150)
    other.watch(variables[0], 150)
    assert (module.status()["watches"], module.status()["groups"]) == (41, 2)
    session.cancel_all()
    status = module.status()
    assert (status["watches"], status["groups"], pinned_bytes()) == (1, 1, PAGE)
    other.close()
    status = module.status()
    assert (status["watches"], status["groups"], pinned_bytes()) == (0, 0, 0)


def test_a_cancelled_watch_s_place_is_taken_by_the_last(module, session):
    variables = [Variable() for _ in range(33)]
    identifiers = [session.watch(variable, 150) for variable in variables]
    for identifier in identifiers[:20]:
        session.cancel(identifier)
    for variable in variables:
        variable.value = 151
    found = eventually(
        lambda: module.status()["hits"] == 13 and module.status()["dumps"] and module.open().records(),
        "hits of the 13 watches that are left")
    assert {record.watch_id for record in found if record.type == abi.HIT} <= set(identifiers[20:])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_takes_its_own_watches_with_it_and_no_other(module, number):
    one, other = Child(), Child()
    for place in range(3):
        one.run(watch_own, 150, key=f"temp{place}")
    other.run(watch_own, 150)
    other.run(watch_own, 150, key="second", interval_ns=2_000_000)
    assert (module.status()["watches"], module.status()["groups"]) == (5, 2)
    one.end(number)
    module.wait_for_status(watches=2, groups=2)
    assert pinned_bytes(other.pid) == 2 * PAGE
    other.run(assign_own, 151)
    module.wait_for_status(hits=1)
    other.end(number)
    module.wait_for_status(watches=0, groups=0)


def test_a_session_lives_until_its_last_descriptor_is_closed(module):
    variable = Variable()
    session = module.open()
    session.watch(variable, 150)
    copy = os.dup(session.descriptor)
    session.close()
    assert module.status()["watches"] == 1
    variable.value = 151
    module.wait_for_status(hits=1)
    os.close(copy)
    assert (module.status()["watches"], pinned_bytes()) == (0, 0)


# ---- loading ----


def test_a_module_in_use_cannot_be_removed_and_goes_on(module, session):
    variable = Variable()
    session.watch(variable, 150)
    refused = subprocess.run(["rmmod", "variable_monitor"], capture_output=True, text=True)
    assert refused.returncode != 0
    assert "in use" in refused.stderr
    assert is_loaded()
    variable.value = 151
    module.wait_for_status(hits=1)
    session.close()
    module.unload()
    assert not is_loaded()
    module.load()


def end_by_cancel(session):
    session.cancel_all()
    session.close()


def end_by_close(session):
    session.close()


def own_watches(count):
    """In a child: hits are on their way at once."""
    for place in range(count):
        create_own(f"temp{place}", 151)
        watch_own(150, key=f"temp{place}", interval_ns=20_000)


def test_a_hundred_rounds_of_loading_with_live_watches_leave_a_clean_log(kernel_log):
    """Every end of a watch in turn, each while its hits, dumps and mutes are under way."""
    variables = [Variable(value) for value in (0, 151, 152)]
    module = Module(buffer_bytes=1 << 20, dump_gap_ms=0)
    for number in range(100):
        module.load()
        if number % 2:
            child = Child()
            child.run(own_watches, 3)
            assert module.status()["watches"] == 3
            child.end(signal.SIGKILL if number % 4 == 1 else signal.SIGTERM)
        else:
            session = module.open()
            for variable in variables:
                session.watch(variable, 150, interval_ns=20_000)
            assert module.status()["watches"] == 3
            (end_by_cancel if number % 4 == 0 else end_by_close)(session)
        module.unload()
        assert kernel_log.splats() == []
    assert not is_loaded()
    assert pinned_bytes() == 0


@pytest.mark.module(dump_gap_ms=0)
def test_the_module_can_be_removed_at_once_after_exec_ended_its_watches(module):
    child = Child()
    child.run(open_own, flags=0)
    child.run(watch_own, 150)
    holder = child.run(fork_pausing)
    child.start(os.execv, "/bin/sleep", ["sleep", "1000"])
    eventually(lambda: os.readlink(f"/proc/{child.pid}/exe").endswith("/sleep"), "exec")
    # Both hold the open device. Its close and the notice of the exec race.
    child.end()
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    module.unload()
    module.load()


# ---- parameters ----


def test_every_parameter_is_documented(module):
    output = subprocess.run(["modinfo", "-p", MODULE_FILE], check=True, capture_output=True, text=True).stdout
    documented = dict(line.split(":", 1) for line in output.splitlines())
    assert sorted(documented) == sorted(os.listdir("/sys/module/variable_monitor/parameters"))
    assert all(len(text) > 20 and "default" in text for text in documented.values())


@pytest.mark.parametrize("parameter", [
    "buffer_bytes=262143", "user_stack_bytes=65537", "max_tasks=0", "max_dump_ms=0",
    "dump_gap_ms=3600001", "min_interval_ns=999", "min_interval_unprivileged_ns=0",
    "tick_budget_percent=0", "tick_budget_percent=91", "dump_states=RDX", "max_tasks=many",
])
def test_parameters_out_of_range_refuse_the_load(parameter):
    refused = subprocess.run(["insmod", MODULE_FILE, parameter], capture_output=True, text=True)
    assert refused.returncode != 0
    assert not is_loaded()


# ---- /proc/variable_monitor ----

KNOBS = {
    # default, good values, refused values
    "def_interval_ns": ("10000\n", ["1000", "250000", "3600000000000\n"],
                        ["0", "999", "3600000000001"]),
    "dump_reset_sec": ("5\n", ["0", "86400", "7\n"], ["86401"]),
}
GARBAGE = ["-1", "", "\n", " ", "ten", "10 000", "1e4", "0x2710", "10000x", "1.5", "99999999999999999999", "9" * 5000]


@pytest.mark.parametrize("name", KNOBS)
def test_a_knob_takes_good_values_and_refuses_others_unchanged(module, name):
    default, good, bad = KNOBS[name]
    assert module.knob(name) == default
    for value in good:
        module.set_knob(name, value)
        assert module.knob(name) == value.strip() + "\n"
    kept = module.knob(name)
    for value in bad + GARBAGE:
        with pytest.raises(OSError):
            module.set_knob(name, value)
        assert module.knob(name) == kept, value


def test_files_in_proc_can_be_read_in_pieces(module):
    for name in [*KNOBS, "status"]:
        with open(f"{PROC}/{name}", "rb", buffering=0) as file:
            pieces = b"".join(iter(lambda: file.read(1), b""))
        assert pieces.decode() == module.knob(name)


def test_only_root_may_turn_the_knobs_and_anyone_may_read_them(module):
    modes = {name: os.stat(f"{PROC}/{name}").st_mode & 0o777 for name in os.listdir(PROC)}
    assert modes == {"def_interval_ns": 0o644, "dump_reset_sec": 0o644, "status": 0o444}
    assert os.stat(abi.DEVICE).st_mode & 0o777 == 0o600


def test_status_is_one_name_and_number_a_line(module, session):
    status = module.status()
    assert {"watches", "groups", "hits", "dumps", "lost_records", "ticks", "throttled_ticks",
            "tick_time_ns", "dump_time_ns"} <= set(status)
    assert all(status[name] == 0 for name in ("watches", "groups", "hits", "dumps", "lost_records", "ticks"))
    session.watch(Variable(151), 150)
    module.wait_for_dumps(1)
    status = module.status()
    assert (status["watches"], status["groups"], status["hits"], status["dumps"]) == (1, 1, 1, 1)
    assert status["ticks"] > 0 and status["tick_time_ns"] > 0 and status["dump_time_ns"] > 0
