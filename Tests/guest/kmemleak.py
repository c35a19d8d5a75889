# SPDX-License-Identifier: Apache-2.0
"""The debug kernel's search for memory that nothing refers to any more."""

import time
from pathlib import Path

FILE = Path("/sys/kernel/debug/kmemleak")
AGE_SECONDS = 6     # younger memory is not reported


def leaks():
    """What it reports; empty if nothing leaked."""
    time.sleep(AGE_SECONDS)
    for _ in range(2):      # the first scan only notes what memory contains
        FILE.write_text("scan", encoding="ascii")
    return FILE.read_text(encoding="ascii")
