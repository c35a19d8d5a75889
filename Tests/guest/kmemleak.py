# SPDX-License-Identifier: Apache-2.0
"""The debug kernel's search for memory that nothing refers to any more."""

import time
from pathlib import Path

FILE = Path("/sys/kernel/debug/kmemleak")
AGE_SECONDS = 6     # younger memory is not reported


def open_file():
    """To be open before a test locks the kernel down: then it opens this file for nobody."""
    return open(FILE, "r+b", buffering=0)


def leaks(file):
    """What it reports; empty if nothing leaked."""
    time.sleep(AGE_SECONDS)
    for _ in range(2):      # the first scan only notes what memory contains
        file.write(b"scan")
    file.seek(0)
    return file.read().decode()
