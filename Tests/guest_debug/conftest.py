# SPDX-License-Identifier: Apache-2.0
"""Tests that need the debug kernel; everything else they share with Tests/guest."""

import importlib.util
import sys
import time
from pathlib import Path

import pytest

GUEST = Path(__file__).resolve().parent.parent / "guest"
sys.path.insert(0, str(GUEST))

_spec = importlib.util.spec_from_file_location("guest_conftest", GUEST / "conftest.py")
_guest = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_guest)
pytest_configure, reaper = _guest.pytest_configure, _guest.reaper
kernel_log, module, session = _guest.kernel_log, _guest.module, _guest.session

KMEMLEAK = Path("/sys/kernel/debug/kmemleak")
KMEMLEAK_AGE_SECONDS = 6    # younger memory is not reported


def pytest_sessionstart():
    if not KMEMLEAK.exists():
        pytest.exit("these tests need the debug kernel: tools/vm --kernel debug", returncode=1)


@pytest.fixture(scope="session", autouse=True)
def no_leak():
    """At the end, no memory that was allocated meanwhile is out of the kernel's reach."""
    yield
    time.sleep(KMEMLEAK_AGE_SECONDS)
    for _ in range(2):      # the first scan only notes what memory contains
        KMEMLEAK.write_text("scan")
    assert KMEMLEAK.read_text(encoding="ascii") == ""
