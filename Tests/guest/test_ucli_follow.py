# SPDX-License-Identifier: Apache-2.0
"""`ucli record` and `ucli report --follow` with the module: what they take is whole, and gone from the buffer."""

import signal
import subprocess

import pytest

from report import parse

pytestmark = pytest.mark.module(dump_gap_ms=0)


def dumps_in(path):
    done = subprocess.run(["ucli", "list", path], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def follow(session, *words):
    """A ucli that follows the module, from one dump to a signal; its output."""
    process = subprocess.Popen(["ucli", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    session.dump()
    assert any("dump 1 at" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    output, notes = process.communicate()
    assert process.returncode == 0, notes
    return output


def test_a_recording_takes_what_the_buffer_holds(module, session, tmp_path):
    session.dump()
    session.dump()
    path = tmp_path / "saved.rec"
    done = subprocess.run(["ucli", "record", "-o", path], capture_output=True, text=True)
    assert done.returncode == 0 and "2 dumps recorded" in done.stderr
    assert len(dumps_in(path)) == 2
    assert module.status()["buffer_used_bytes"] == 0


def test_a_recording_that_cannot_appear_leaves_the_buffer(module, session, tmp_path):
    session.dump()
    used = module.status()["buffer_used_bytes"]
    done = subprocess.run(["ucli", "record", "-o", "/proc/saved.rec"], capture_output=True, text=True)
    assert done.returncode == 74 and module.status()["buffer_used_bytes"] == used > 0


def test_following_records_each_dump_as_it_comes(module, session, tmp_path):
    path = tmp_path / "saved.rec"
    assert follow(session, "record", "-o", path, "--follow") == ""
    assert len(dumps_in(path)) == 1
    assert module.status()["buffer_used_bytes"] == 0


def test_following_prints_each_dump_as_it_comes(module, session):
    assert parse(follow(session, "report", "--follow"))
    assert module.status()["buffer_used_bytes"] == 0
