# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions: an emulated machine is slow, so nothing waits for a time."""

import time

# Far longer than anything takes; a test that fails waits so long once.
DEADLINE_SECONDS = 180


def eventually(condition, what):
    """The first true value of condition(); an AssertionError that says what did not come."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {DEADLINE_SECONDS} s: {what}"
        time.sleep(0.01)
