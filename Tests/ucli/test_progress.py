# SPDX-License-Identifier: Apache-2.0
"""What a person sees on the terminal while long work goes on."""

import os
import pty
import re
import struct
import subprocess
import time

import pytest

from conftest import UCLI
from recording import Records, recording

LINE = re.compile(r"ucli: (\d+) stacks, (\d+) % of the input")


@pytest.fixture
def many_tasks(saved):
    return saved(recording(Records().dump(1, [{"pid": 1 + number} for number in range(4000)]).data))


@pytest.fixture
def many_samples(profile, tmp_path):
    """The profile with its records again and again, and without what lies behind them."""
    data = profile.read_bytes()
    start, size = struct.unpack_from("<QQ", data, 40)
    records = data[start:start + size]
    records *= 6_000_000 // len(records)
    path = tmp_path / "many.data"
    path.write_bytes(data[:48] + struct.pack("<Q", len(records)) + data[56:72] + bytes(32) + data[104:start] + records)
    return path


def watched(*arguments, report):
    """What ucli writes to a terminal when nobody reads its report for more than a second."""
    terminal, side = pty.openpty()
    process = subprocess.Popen([UCLI, "report", *arguments], stdin=subprocess.DEVNULL, stdout=report or side, stderr=side)
    os.close(side)
    time.sleep(1.5)
    if process.stdout:
        while process.stdout.read(50_000):
            time.sleep(0.1)
    seen = b""
    try:
        while part := os.read(terminal, 4096):
            seen += part
    except OSError:
        pass    # the other side is closed
    os.close(terminal)
    assert process.wait(120) == 0
    return seen.decode()


@pytest.mark.parametrize("arguments", [["many_tasks"], ["--perf-data", "many_samples"]])
def test_it_tells_how_much_of_the_input_is_read(request, arguments):
    arguments = [request.getfixturevalue(part) if part.startswith("many") else part for part in arguments]
    seen = watched(*arguments, report=subprocess.PIPE)
    found = [(int(stacks), int(share)) for stacks, share in LINE.findall(seen)]
    assert len(found) >= 3, seen
    assert found == sorted(found) and 0 <= found[0][1] < 50 < found[-1][1] <= 100
    # The line is gone in the end.
    assert LINE.search(seen.rpartition("\x1b[K")[2]) is None


def test_a_report_on_the_same_terminal_is_enough(many_tasks):
    assert LINE.search(watched(many_tasks, report=None)) is None
