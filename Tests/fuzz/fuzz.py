#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs ioctl_fuzz with the arguments given, and looks at what is left after it: pins and leaks.

Loads the module, so it belongs into a guest: make fuzz. $VM_OUT/summary gets what it prints.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "guest"), str(TESTS / "soak")]

import kmemleak
from module import Module
from soak import pins
from subjects import PROJECT

PARAMETERS = {"buffer_bytes": 1 << 20, "max_tasks": 16, "dump_gap_ms": 500}
UNPIN_SECONDS = 60


def pins_left(before):
    """Pages are unpinned a little after their watches' end."""
    end = time.monotonic() + UNPIN_SECONDS
    while pins() != before and time.monotonic() < end:
        time.sleep(0.1)
    return pins() - before


def run_fuzzer(arguments):
    """Whether it found no trouble, and what it said, which is shown while it comes."""
    said = ""
    with subprocess.Popen([PROJECT / "build/ioctl_fuzz", *arguments], stdout=subprocess.PIPE, text=True) as fuzzer:
        for line in fuzzer.stdout:
            print(line, end="", flush=True)
            said += line
    return fuzzer.returncode == 0, said


def main(arguments):
    pins_before, module = pins(), Module(**PARAMETERS)
    module.load()
    good, said = run_fuzzer(arguments)
    pinned = pins_left(pins_before)
    if good and not pinned:
        module.unload()     # with a page left it would wait for that for ever
    with kmemleak.open_file() as file:
        leaked = kmemleak.leaks(file)
    good = good and not pinned and not leaked
    after = (f"pins left {pinned}, kmemleak reports {leaked.count('unreferenced object')}:"
             f" {'good' if good else 'TROUBLE'}\n{leaked}")
    print(after, end="")
    Path(os.environ["VM_OUT"], "summary").write_text(said + after, encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
