# SPDX-License-Identifier: Apache-2.0
"""A fresh load of the module for each test, and a clean machine after it."""

import ctypes
import os
import signal

import pytest

from module import PROC, KernelLog, Module, is_loaded
from subjects import end_descendants

PR_SET_CHILD_SUBREAPER = 36
TEST_SECONDS = 240


def pytest_configure(config):
    config.addinivalue_line("markers", "module(**parameters): parameters for insmod")


@pytest.fixture(scope="session", autouse=True)
def reaper():
    """Makes orphans of what a test started children of this process, so that it can end them."""
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _give_up(_number, _frame):
    raise TimeoutError(f"the test hangs: {TEST_SECONDS} s")


@pytest.fixture(autouse=True)
def kernel_log():
    """The kernel log since the test's start; a splat in it fails the test."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(TEST_SECONDS)
    log = KernelLog()
    yield log
    end_descendants()
    signal.alarm(0)
    splats = log.splats()
    log.close()
    assert not splats


@pytest.fixture
def module(kernel_log, request):
    """The module, loaded with the parameters of the test's marker, and unloaded after it."""
    marker = request.node.get_closest_marker("module")
    module = Module(**marker.kwargs if marker else {})
    module.load()
    yield module
    end_descendants()
    module.unload()
    assert not is_loaded()
    assert not os.path.exists(PROC)
    assert not os.path.exists("/dev/variable_monitor")


@pytest.fixture
def session(module):
    return module.open()
