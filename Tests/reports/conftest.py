# SPDX-License-Identifier: Apache-2.0
"""Sample dumps in every format, and the programs that read them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
READERS = PROJECT / "build/report-readers"
SCRATCH = PROJECT / os.environ.get("SCRATCH", ".build")
SWIFT = shutil.which("swift", path=f"{os.environ['PATH']}:/opt/swift/usr/bin") or "swift"


def install_readers():
    """What requirements.txt names, in a virtual environment, once for each version of that file."""
    wanted = (Path(__file__).parent / "requirements.txt").read_text()
    done = READERS / "installed.txt"
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", READERS], check=True)
        subprocess.run([READERS / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
                        "--requirement", Path(__file__).parent / "requirements.txt"], check=True)
        done.write_text(wanted)
    sys.path.extend(str(path) for path in READERS.glob("lib/python3*/site-packages"))


install_readers()


@pytest.fixture(scope="session")
def render():
    """A function that gives a sample in a format, as bytes."""
    subprocess.run([SWIFT, "build", "--scratch-path", SCRATCH, "--product", "render-sample"], check=True, cwd=PROJECT)

    def render(sample, format, *options):
        program = SCRATCH / "debug/render-sample"
        return subprocess.run([program, sample, format, *options], check=True, stdout=subprocess.PIPE).stdout

    return render
