# SPDX-License-Identifier: Apache-2.0
"""What ucli's subcommands do with the real module's dumps; Tests/ucli has the rest of them."""

import json
import os
import signal
import subprocess

import pytest

import abi
from eventually import eventually
from report import of_pid, parse
from subjects import Child, Variable, state_of

pytestmark = pytest.mark.one_cpu
AT_ONCE = pytest.mark.module(dump_gap_ms=0)
LONG_AFTER = 86400


def run(*arguments):
    return subprocess.run(["ucli", *arguments], capture_output=True, encoding="utf-8")


def output_of(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def buffered(module):
    """The records in the buffer, as someone who starts to read sees them."""
    return module.open(os.O_RDONLY).records()


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "1000"])
    eventually(lambda: state_of(process.pid) == "S", "a process asleep")
    yield process
    process.kill()
    process.wait()


class Following:
    """A ucli that waits for dumps, and writes to a file."""

    def __init__(self, path, *arguments):
        self.path = path
        with open(path, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(["ucli", *arguments], stdout=file, stderr=subprocess.PIPE, encoding="utf-8")

    def wait_for(self, text):
        eventually(lambda: text in self.path.read_text(), text)

    def interrupt(self):
        """Ctrl-C; the exit status, and what it told."""
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate()
        return self.process.returncode, told


# ---- snapshot ----


def test_a_snapshot_shows_a_sleeping_process_and_stays_in_the_buffer(module, sleeper):
    alive = of_pid(parse(output_of("snapshot", "--pid", str(sleeper.pid))), sleeper.pid)
    assert (alive.state, alive.comm) == ("S", "sleep")
    assert any("nanosleep" in name for _, name in alive.user)
    assert module.status()["dumps"] == 1
    again = of_pid(parse(output_of()), sleeper.pid)
    again.number = alive.number
    assert again == alive
    assert buffered(module) == []


def test_a_snapshot_of_nobody_says_so(module):
    child = Child()
    pid = child.pid
    child.end()
    done = run("snapshot", "--pid", str(pid))
    assert done.returncode not in (0, 1) and not done.stdout
    assert f"there is no process {pid}" in done.stderr
    assert module.status()["dumps"] == 0


# ---- record and report ----


@AT_ONCE
def test_a_recording_is_reported_as_the_module_is_after_the_processes_are_gone(module, sleeper, tmp_path):
    saved = tmp_path / "saved.rec"
    module.dump_process(sleeper.pid)
    direct = output_of("report", "--pid", str(sleeper.pid))
    assert output_of("record", "-o", str(saved)) == ""
    # It is in the file, and with that out of the buffer.
    assert buffered(module) == []
    sleeper.kill()
    sleeper.wait()
    assert output_of("report", str(saved), "--pid", str(sleeper.pid)) == direct
    [line] = output_of("list", str(saved)).splitlines()
    assert line.startswith("dump 1 at ") and f"program = 127 > 126 (process {sleeper.pid})" in line


def test_a_recording_that_cannot_be_written_leaves_the_buffer_alone(module, sleeper, tmp_path):
    module.dump_process(sleeper.pid)
    before = buffered(module)
    done = run("record", "-o", str(tmp_path / "missing/saved.rec"))
    assert done.returncode not in (0, 1) and "missing" in done.stderr
    assert before and buffered(module) == before


@AT_ONCE
def test_following_records_each_dump_until_interrupted(module, sleeper, tmp_path):
    saved = tmp_path / "saved.rec"
    following = Following(tmp_path / "output", "record", "--follow", "-o", str(saved))
    for _ in range(3):
        module.dump_process(sleeper.pid)
        eventually(lambda: buffered(module) == [], "the dump being taken out of the buffer")
    # Half a file never has the name of a whole one.
    assert not saved.exists()
    status, told = following.interrupt()
    assert status == 0, told
    assert f"3 dumps recorded in {saved}" in told
    reported = parse(output_of("report", str(saved), "--pid", str(sleeper.pid)))
    assert [task.comm for task in reported] == ["sleep"] * 3
    assert set(os.listdir(tmp_path)) == {"output", "saved.rec"}


# ---- report --follow ----


@AT_ONCE
def test_following_prints_each_dump_as_it_comes_until_interrupted(module, sleeper, tmp_path):
    module.set_knob("dump_reset_sec", LONG_AFTER)
    following = Following(tmp_path / "output", "report", "--follow", "--format", "json", "--pid", str(sleeper.pid))
    for number in 1, 2:
        module.dump_process(sleeper.pid)
        following.wait_for(f'{{"type":"dump_end","dump":"{number}"')
    assert buffered(module) == []
    status, told = following.interrupt()
    assert status == 0, told
    lines = [json.loads(line) for line in following.path.read_text().splitlines()]
    assert [line["dump"] for line in lines if line["type"] == "task"] == ["1", "2"]
    assert lines[-1]["type"] == "report_end"


# ---- list and status ----


def test_list_shows_what_is_in_the_buffer_and_takes_nothing_out(module):
    session = module.open()
    session.watch(Variable(151), 150, name="temp")
    module.wait_for_dumps(1)
    for _ in range(2):
        [line] = output_of("list").splitlines()
        assert line.startswith("dump 1 at ") and f"temp = 151 > 150 (process {os.getpid()}" in line


def test_status_is_the_module_s_own_in_text_and_json(module):
    # Nothing happens meanwhile that would change it.
    status = module.status()
    text = output_of("status")
    shown = json.loads(output_of("status", "--json"))
    assert shown["loaded"] is True
    for name, value in status.items():
        assert name in text
        assert shown[name] == value


def test_commands_for_the_module_say_how_to_load_it(tmp_path):
    assert not os.path.exists(abi.DEVICE)
    for command in (["snapshot"], ["record", "-o", str(tmp_path / "saved.rec")], ["list"], ["report", "--follow"]):
        done = run(*command)
        assert (done.returncode, done.stdout) == (66, ""), command
        assert "insmod kmod/variable_monitor.ko" in done.stderr
    assert not os.listdir(tmp_path)
    done = run("status", "--json")
    assert done.returncode == 66 and json.loads(done.stdout)["loaded"] is False
