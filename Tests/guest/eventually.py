# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions: an emulated machine is slow, so nothing waits for a time."""

import time

import kmemleak

# How many times longer everything takes on the debug kernel, about.
SLOWNESS = 10 if kmemleak.FILE.exists() else 1
# Far longer than anything takes; a test that fails waits so long once.
DEADLINE_SECONDS = 180


def eventually(condition, what):
    """The first true value of condition(); an AssertionError that says what did not come."""
    end = time.monotonic() + DEADLINE_SECONDS
    pause = 0.01
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {DEADLINE_SECONDS} s: {what}"
        time.sleep(pause)
        # To look again and again would take the processor from what is waited for.
        pause = min(1.5 * pause, 0.2)
