# SPDX-License-Identifier: Apache-2.0
"""A fresh load of the module for each test, and a clean machine after it."""

import ctypes
import os
import signal

import pytest

from eventually import SLOWNESS, eventually
from memory import page_counts
from module import PROC, KernelLog, Module, is_loaded, set_cpu_online
from subjects import end_descendants, wait_for_pinned

PR_SET_CHILD_SUBREAPER = 36
PROCESSORS = os.cpu_count()
TEST_SECONDS = 600 if SLOWNESS == 1 else 1800


def pytest_configure(config):
    config.addinivalue_line("markers", "module(**parameters): parameters for insmod")
    config.addinivalue_line("markers", "scenario(name): its row in the table of tools/scenario-table")
    config.addinivalue_line("markers", "last: changes the kernel for good, so it runs after all others")
    config.addinivalue_line("markers", "one_cpu: runs with one processor, with which a guest gets more done in a second")


def pytest_collection_modifyitems(items):
    # Processors come and go once.
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("last", "one_cpu")])
    for item in items:
        scenario = item.get_closest_marker("scenario")
        if scenario:
            item.user_properties.append(("scenario", *scenario.args))


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


@pytest.fixture(autouse=True)
def processors(kernel_log, request):
    """All of the guest's, or the first alone."""
    for number in range(1, PROCESSORS):
        set_cpu_online(number, request.node.get_closest_marker("one_cpu") is None)


@pytest.fixture
def two_cpus(processors):
    """For tests that need them: tools/vm gives a guest two, and without them nothing would be tested."""
    assert PROCESSORS >= 2, "this guest has one CPU"


@pytest.fixture
def module(kernel_log, request):
    """The module, loaded with the parameters of the test's marker, and unloaded after it.

    By then each page that it pinned is free again.
    """
    marker = request.node.get_closest_marker("module")
    module = Module(**marker.kwargs if marker else {})
    before = page_counts()
    module.load()
    yield module
    end_descendants()
    module.close()
    try:
        module.wait_for_status(watches=0, groups=0)
        wait_for_pinned(0)
        eventually(lambda: page_counts() == before, f"page counts as before: {before}")
    finally:
        module.unload()
    assert not is_loaded()
    assert not os.path.exists(PROC)
    assert not os.path.exists("/dev/variable_monitor")


@pytest.fixture
def session(module):
    return module.open()
