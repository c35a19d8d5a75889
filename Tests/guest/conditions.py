# SPDX-License-Identifier: Apache-2.0
"""What tests of conditions share: reals, their bits, and waiting until a watch has seen a value."""

import ctypes
import struct

from eventually import eventually
from subjects import Variable

MILLISECOND = 10**6
SECOND = 10**9


def real(value, length=8):
    """The bits of a float or double."""
    return int.from_bytes(struct.pack("=d" if length == 8 else "=f", value), "little")


class Real(Variable):
    """A float or double in private memory of its own."""

    def __init__(self, value, length=8):
        super().__init__(0, length)
        self._number = (ctypes.c_double if length == 8 else ctypes.c_float).from_buffer(self.memory)
        self.value = value


def pause(module):
    """Lets the watches of the one timer that there is see what is there now."""
    module.wait_for_ticks(5)


def wait_for_samples(session, identifier, count):
    """Lets a watch that can be read take so many samples."""
    until = session.state(identifier).timer_ticks + count
    eventually(lambda: session.state(identifier).timer_ticks > until, f"{count} ticks")
