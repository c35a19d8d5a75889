# SPDX-License-Identifier: Apache-2.0
"""Tests that need the debug kernel; everything else they share with Tests/guest."""

import importlib.util
import sys
from pathlib import Path

import pytest

GUEST = Path(__file__).resolve().parent.parent / "guest"
sys.path.insert(0, str(GUEST))

import kmemleak  # noqa: E402

_spec = importlib.util.spec_from_file_location("guest_conftest", GUEST / "conftest.py")
_guest = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_guest)
pytest_configure, reaper = _guest.pytest_configure, _guest.reaper
kernel_log, module, session = _guest.kernel_log, _guest.module, _guest.session


def pytest_sessionstart():
    if not kmemleak.FILE.exists():
        pytest.exit("these tests need the debug kernel: tools/vm --kernel debug", returncode=1)


@pytest.fixture(scope="session", autouse=True)
def no_leak():
    """At the end, no memory that was allocated meanwhile is out of the kernel's reach."""
    with kmemleak.open_file() as file:
        yield
        assert kmemleak.leaks(file) == ""
