# SPDX-License-Identifier: Apache-2.0
"""A short run of the fuzzer; `make fuzz` is the long one."""

import re
import subprocess

import pytest

from subjects import PROJECT

CALLS = 5000


@pytest.mark.module(buffer_bytes=1048576, max_tasks=16, dump_gap_ms=500)
def test_random_calls_reach_the_whole_module_and_leave_nothing(module):
    done = subprocess.run([PROJECT / "build/ioctl_fuzz", "--calls", str(CALLS)],
                          stdout=subprocess.PIPE, text=True, check=False)
    # The seed repeats a run that failed.
    print(done.stdout)
    assert done.returncode == 0
    found = re.search(r"^calls (\d+), distinct PCs (\d+), corpus (\d+), watches left 0", done.stdout, re.MULTILINE)
    assert int(found[1]) >= CALLS
    # Less means that there was no feedback, or that the calls are no more what the module takes.
    assert int(found[2]) > 300
    assert int(found[3]) > 20
    module.wait_for_status(watches=0, groups=0)
