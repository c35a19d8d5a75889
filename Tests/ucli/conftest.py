# SPDX-License-Identifier: Apache-2.0
"""What all tests of ucli share. They need no module: input comes from files."""

import os
import subprocess
from pathlib import Path

import pytest

from recording import Records, recording

PROJECT = Path(__file__).resolve().parent.parent.parent
UCLI = Path(os.environ.get("UCLI", PROJECT / "build/ucli"))


def run_ucli(*arguments, **options):
    """ucli's result, its output as text."""
    return subprocess.run([UCLI, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, **options)


@pytest.fixture
def ucli():
    return run_ucli


@pytest.fixture
def saved(tmp_path):
    """Writes a saved recording of two dumps; its path."""
    def write(data=None, name="saved.rec"):
        if data is None:
            records = Records().dump(1, [{"pid": 1, "tgid": 1, "comm": b"init"},
                                         {"pid": 7, "tgid": 6, "comm": b"worker", "state": ord("D")}])
            records.dump(2, [{"pid": 8, "tgid": 8, "comm": b"late"}], realtime=1_700_000_600_000_000_000)
            data = recording(records.data, time_ns=1_700_000_660_000_000_000)
        path = tmp_path / name
        path.write_bytes(data)
        return path
    return write


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    """A file that perf records now."""
    path = tmp_path_factory.mktemp("perf") / "perf.data"
    program = "for i in 1 2 3 4 5; do sleep 0.005; done"
    subprocess.run(["perf", "record", "-q", "-e", "context-switches", "-c", "1", "--call-graph", "dwarf", "-o", path,
                    "--", "sh", "-c", program], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path
