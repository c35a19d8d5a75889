# SPDX-License-Identifier: Apache-2.0
"""Making allocations fail: Documentation/fault-injection/fault-injection.rst."""

import contextlib
import errno
import os
from pathlib import Path

DEBUGFS = Path("/sys/kernel/debug")
KINDS = "failslab", "fail_page_alloc", "fail_usercopy"


def _set(path, value):
    """Faults strike the write, too."""
    while True:
        try:
            path.write_text(str(value), encoding="ascii")
            return
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise


@contextlib.contextmanager
def knobs(**values):
    """Sets knobs in this order, named KIND__KNOB with _ for -, and sets them back in the other."""
    paths = {DEBUGFS / name.split("__")[0] / name.split("__")[1].replace("_", "-"): value
             for name, value in values.items()}
    before = {path: path.read_text(encoding="ascii").strip() for path in paths}
    for path, value in paths.items():
        _set(path, value)
    try:
        yield
    finally:
        for path in reversed(before):
            _set(path, before[path])


def allocations_that_wait():
    """Faults strike ordinary allocations, too, and no trace of each in the log looks like a splat."""
    return knobs(failslab__ignore_gfp_wait="N", fail_page_alloc__ignore_gfp_wait="N",
                 fail_page_alloc__min_order=0, **{f"{kind}__verbose": 0 for kind in KINDS})


class NthFault:
    """The n-th step of this thread from now on at which a fault can be injected fails."""

    def __init__(self):
        self.file = os.open("/proc/thread-self/fail-nth", os.O_RDWR | os.O_CLOEXEC)

    def close(self):
        os.close(self.file)

    def outcome(self, number, call):
        """The call's result, its errno or None, and whether the fault struck."""
        result = error = None
        os.pwrite(self.file, str(number).encode(), 0)
        try:
            result = call()
        except OSError as failure:
            error = failure.errno
        return result, error, self._end()

    def _end(self):
        try:
            left = int(os.pread(self.file, 16, 0))
        except OSError as failure:
            # Giving the answer is a step, too, and was the one.
            assert failure.errno == errno.EFAULT
            return False
        # So is taking this number, but with the first number there are no more steps.
        while True:
            with contextlib.suppress(OSError):
                os.pwrite(self.file, b"0", 0)
                return left == 0


# Python's own steps, such as copies of pages after a fork, come and go: one miss is not yet the end.
MISSES_AT_THE_END = 3


def until_no_step_is_left(strikes):
    """Calls strikes(1), strikes(2), …, each of which tells whether a step of that number was there to fail."""
    number, misses = 1, 0
    while misses < MISSES_AT_THE_END:
        misses = 0 if strikes(number) else misses + 1
        number += 1


def each_step(call, undo=lambda result: None, after=lambda error: None):
    """
    Calls with the 1st, 2nd, … step failing, until no step is left; the errnos of those
    that failed. A call that copes is undone; after() runs after each one.
    """
    fault, errors = NthFault(), []

    def strikes(number):
        result, error, struck = fault.outcome(number, call)
        if error is None:
            undo(result)
        else:
            assert struck, f"failed without a fault: {errno.errorcode[error]}"
            errors.append(error)
        after(error)
        return struck

    with allocations_that_wait():
        until_no_step_is_left(strikes)
    fault.close()
    return errors
