# SPDX-License-Identifier: Apache-2.0
"""`ucli watch` on programs that know nothing of it: in C, C++ and Swift, and one of Debian's."""

import os
import pty
import signal
import subprocess
import time

import pytest

from eventually import eventually
from report import names, of_pid, parse
from subjects import NOBODY, program, read_proc, stripped
from watching import Subject, Watching, never_held

pytestmark = [pytest.mark.module(dump_gap_ms=0), pytest.mark.one_cpu]
NEVER_AGAIN = 86400


@pytest.fixture(autouse=True)
def one_hit(module):
    """A slow machine takes longer than the mute lasts."""
    module.set_knob("dump_reset_sec", NEVER_AGAIN)


def ucli_watch(*options, **keywords):
    """A run that ends by itself."""
    return subprocess.run(["ucli", "watch", *map(str, options)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=200, **keywords)


def test_a_variable_of_a_stripped_program_is_watched_without_stopping_it(module):
    subject = Subject(stripped("queue"))
    with never_held(subject.pid):
        watching = Watching("--pid", subject.pid, "--symbol", "queue_depth", "--above", 1000)
        assert "queue_depth (int32, now 5)" in watching.notes[0]
        subject.tell("queue_depth 1000")
        module.wait_for_ticks(100)
        assert module.status()["hits"] == 0
        subject.tell("queue_depth 1001")
        note = watching.wait_for("queue_depth = 1001 > 1000")
        assert f"(process {subject.pid})" in note
        status, report, notes = watching.end()
    assert status == 0 and "queue_depth: hits 1, dumps 1" in notes
    task = of_pid(parse(report), subject.pid)
    assert "main" in names(task.user)
    # It ended its watch, and the program knows nothing of it.
    assert module.status()["watches"] == 0
    assert subject.end("exit 3\n") == 3


@pytest.mark.parametrize("symbol, condition, action", [
    ("level", ["--below", 3], "level 2"),
    ("load", ["--outside", "0.25..0.75"], "load 0.8"),
    ("pool.slots[2].depth", ["--all-bits", "0x81"], "slot 129"),
    ("library_depth", ["--changed"], "library -7"),
    ("library_depth", ["--changed-by", 10], "library -6"),
    ("level", ["--unchanged-for", "200ms"], "level 3"),
])
def test_types_and_conditions_of_c(module, symbol, condition, action):
    subject = Subject(program("queue"))
    watching = Watching("--pid", subject.pid, "--symbol", symbol, *condition, "--every", "50us", "--history", 16)
    if "--unchanged-for" not in condition:
        module.wait_for_ticks(20)
        assert module.status()["hits"] == 0
    subject.tell(action)
    watching.wait_for("dump 1 at ")
    status, _, notes = watching.end()
    assert status == 0 and f"{symbol}: hits 1, dumps 1" in notes


def test_a_c_plus_plus_program(module):
    subject = Subject(program("pool"))
    watching = Watching("--pid", subject.pid, "--symbol", "net::pool.free", "--below", 1)
    assert "net::pool.free (uint32, now 5)" in watching.notes[0]
    subject.tell("0")
    watching.wait_for("pool.free = 0 < 1")
    assert watching.end()[0] == 0


def test_a_c_plus_plus_program_without_debug_information(module):
    subject = Subject(stripped("pool"))
    watching = Watching("--pid", subject.pid, "--symbol", "net::busy", "--above", 5)
    assert "net::busy (int32, now 5)" in watching.notes[0]
    subject.tell("6")
    watching.wait_for("net::busy = 6 > 5")
    assert watching.end()[0] == 0


def test_a_swift_program_without_debug_information(module):
    subject = Subject(stripped("service"))
    watching = Watching("--pid", subject.pid, "--symbol", "Queue.depth", "--above", 60000)
    assert "service.Queue.depth (uint16, now 5)" in watching.notes[0]
    subject.tell("60001")
    watching.wait_for("depth = 60001 > 60000")
    assert watching.end()[0] == 0


def test_a_program_of_debian_by_its_library_s_debug_symbols(module):
    """What Python has from malloc, which the C library counts in a static structure."""
    subject = Subject("/usr/bin/python3", "-c", "print('ready', flush=True); input(); "
                      "a = [bytearray(5000) for _ in range(2000)]; print('done', flush=True); input()")
    watching = Watching("--pid", subject.pid, "--symbol", "main_arena.system_mem", "--changed")
    assert "main_arena.system_mem (uint64, now " in watching.notes[0] and "libc.so.6" in watching.notes[0]
    module.wait_for_ticks(20)
    assert module.status()["hits"] == 0
    subject.tell("go")
    watching.wait_for("ena.system_mem = ")
    status, _, notes = watching.end()
    assert status == 0 and "main_arena.system_mem: hits 1" in notes


def test_the_watch_ends_with_the_process(module):
    subject = Subject(program("queue"))
    watching = Watching("--pid", subject.pid, "--symbol", "queue_depth", "--above", 1000)
    subject.tell("queue_depth 1001")
    eventually(lambda: module.status()["hits"] == 1, "a hit")
    # Its last moment counts, too: the dump may be still to come.
    subject.end()
    status, report, notes = watching.end(None)
    assert status == 0 and "the process is gone" in notes and "hits 1, dumps 1" in notes
    assert parse(report)


def test_a_watch_for_a_time_saves_a_recording(module, tmp_path):
    subject = Subject(program("queue"))
    path = tmp_path / "saved.rec"
    watching = Watching("--pid", subject.pid, "--symbol", "queue_depth", "--equal", 5, "--for", "1s", "-o", path)
    status, report, notes = watching.end(None)
    assert (status, report) == (0, "") and "1 dumps recorded" in notes
    listed = subprocess.run(["ucli", "list", path], check=True, capture_output=True, text=True).stdout
    assert "(process " in listed and "queue_depth: hits 1, dumps 1" in notes
    assert module.status()["watches"] == 0 and module.status()["buffer_used_bytes"] == 0


def test_a_killed_ucli_leaves_no_watch(module):
    subject = Subject(program("queue"))
    watching = Watching("--pid", subject.pid, "--symbol", "queue_depth", "--above", 1000)
    watching.end(signal.SIGKILL)
    module.wait_for_status(watches=0)


def test_a_line_tells_how_the_variable_is(module):
    subject = Subject(program("queue"))
    theirs, ours = pty.openpty()
    process = subprocess.Popen(
        ["ucli", "watch", "--pid", str(subject.pid), "--symbol", "queue_depth", "--above", "1000"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=ours)
    shown = b""

    def is_shown(text):
        nonlocal shown
        shown += os.read(theirs, 4096)
        return text in shown

    eventually(lambda: is_shown(b"queue_depth = 5  hits 0  dumps 0"), "the value")
    subject.tell("queue_depth 2000")
    eventually(lambda: is_shown(b"queue_depth = 2000  hits 1  dumps 1"), "the hit")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0


# ---- its own program ----


def test_a_program_of_its_own_is_watched_from_its_start_and_hands_its_exit_on(module):
    watching = Watching("--symbol", "queue_depth", "--above", 1000, "--", program("queue"), stdin=subprocess.PIPE)
    watching.process.stdin.write("queue_depth 1001\n")
    watching.process.stdin.flush()
    watching.wait_for("queue_depth = 1001 > 1000")
    watching.process.stdin.write("exit 7\n")
    watching.process.stdin.close()
    status, _, notes = watching.end(None)
    assert status == 7 and "hits 1, dumps 1" in notes


def test_a_variable_of_a_library_is_waited_for(module):
    watching = Watching("--symbol", "library_depth", "--above", 1000, "--", program("queue"), stdin=subprocess.PIPE)
    assert "now 5" in watching.notes[-1]
    watching.process.stdin.write("library 1001\n")
    watching.process.stdin.flush()
    watching.wait_for("library_depth = 1001 > 1000")
    watching.process.stdin.close()
    assert watching.end(None)[0] == 0


def test_a_signal_ends_the_program_of_its_own_too(module):
    watching = Watching("--symbol", "queue_depth", "--above", 1000, "--", program("queue"), stdin=subprocess.PIPE)
    pid = int(watching.notes[-1].split(" of process ")[1].split()[0])
    assert watching.end(signal.SIGTERM)[0] == 128 + signal.SIGTERM
    assert not os.path.exists(f"/proc/{pid}")


def test_a_program_that_heeds_no_signal_is_killed_by_the_second(module):
    process = subprocess.Popen(
        ["ucli", "watch", "--symbol", "none", "--above", "1", "--",
         "sh", "-c", "trap '' TERM INT; echo ready; while :; do sleep 1; done"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    assert "waiting until" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait() == 128 + signal.SIGKILL


def test_a_program_that_never_has_the_variable(module):
    done = ucli_watch("--symbol", "none", "--above", 1, "--", "sh", "-c", "exit 5")
    assert done.returncode == 5 and "before there was a variable none" in done.stderr
    done = ucli_watch("--symbol", "queue_depth", "--above", "1x", "--", program("queue"))
    assert done.returncode == 64 and "--above 1x is no value" in done.stderr
    assert ucli_watch("--symbol", "none", "--above", 1, "--", "/no/such/program").returncode == 66


# ---- what goes wrong ----


def test_errors_say_why_and_leave_nothing(module):
    subject = Subject(program("queue"))
    of_subject = ["--pid", subject.pid, "--symbol"]
    for options, status, reason in (
        (["--pid", 2**31 - 1, "--symbol", "queue_depth", "--above", 1], 66, "there is no process"),
        ([*of_subject, "none", "--above", 1], 66, "has no variable none"),
        ([*of_subject, "per_thread", "--above", 1], 66, "thread-local"),
        ([*of_subject, "pool", "--above", 1], 66, "name a field, one of used, slots"),
        ([*of_subject, "level", "--above", 255], 64, "never holds"),
        ([*of_subject, "level", "--above", 256], 64, "from 0 to 255"),
        ([*of_subject, "level", "--below", -1], 64, "from 0 to 255"),
        ([*of_subject, "level", "--outside", "9..3"], 64, "the first value is the lesser one"),
        ([*of_subject, "load", "--any-bits", 1], 64, "for integers"),
        ([*of_subject, "level", "--above", 100, "--rearm", 101], 64, "is itself a hit"),
        ([*of_subject, "level", "--above", 1, "--every", "2h"], 64, "--every"),
        (["--pid", subject.pid, "--address", 4096, "--type", "int8", "--changed"], 66, "nothing readable"),
        (["--pid", subject.pid, "--address", 62, "--type", "int32", "--changed"], 66, "crosses a cache line"),
    ):
        done = ucli_watch(*options)
        assert (done.returncode, reason in done.stderr, done.stdout) == (status, True, ""), (options, done.stderr)
    done = ucli_watch(*of_subject, "level", "--above", 1, user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 77 and "run ucli as root" in done.stderr
    assert module.status()["watches"] == 0


def test_an_address_and_a_type_are_enough(module):
    subject = Subject(program("queue"))
    address = Watching("--pid", subject.pid, "--symbol", "level", "--above", 250)
    place = address.notes[0].split(" at ")[1].strip()
    address.end()
    watching = Watching("--pid", subject.pid, "--address", place, "--type", "int8", "--below", 0)
    subject.tell("level 255")
    watching.wait_for(f"{place[-15:]} = -1 < 0")
    assert watching.end()[0] == 0
    assert read_proc(subject.pid, "status")
