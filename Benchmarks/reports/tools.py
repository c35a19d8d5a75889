# SPDX-License-Identifier: Apache-2.0
"""The programs that are compared, and what a run of one costs."""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
UCLI = PROJECT / "build/ucli"
PERFPARSER = "/usr/lib/x86_64-linux-gnu/libexec/hotspot-perfparser"


@dataclass
class Cost:
    """Of the best of several runs, by CPU seconds."""

    cpu: float      # seconds, user and system
    wall: float     # seconds
    peak: float     # MB, the largest resident set
    output: bytes


def _run(command, output):
    begin, memory = time.monotonic(), Path(f"{output}.memory")
    # What the kernel counts for a child of this process begins with this process's own memory.
    command = ["time", "-f", "%M", "-o", memory, *command]
    with open(output, "wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {errors.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin, int(memory.read_text()) / 1024


def measure(command, folder, runs=15):
    """The cost of a command, whose output goes to a file, as a user's would."""
    output = Path(folder) / "output"
    cpu, wall, peak = min(_run(command, output) for _ in range(runs))
    return Cost(cpu, wall, peak, output.read_bytes())


def wall_seconds(command, runs=50):
    """The best of several runs, from here until the command has ended, with no other program in between."""
    def once():
        begin = time.perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin

    return min(once() for _ in range(runs))


# Each takes a profile and prints every stack of it, with names, and kernel frames.
ON_PROFILES = {
    "ucli --format perf": lambda data: [UCLI, "report", "--perf-data", data, "--format", "perf"],
    "ucli": lambda data: [UCLI, "report", "--perf-data", data],
    # Without the kernel's symbols that an earlier run has kept.
    "ucli, first run of a boot": lambda data: ["env", "XDG_CACHE_HOME=/dev/null", UCLI, "report", "--perf-data", data],
    "perf script --no-inline": lambda data: ["perf", "script", "--no-inline", "-i", data],
    "hotspot-perfparser": lambda data: [PERFPARSER, "--input", data],
}

# Each takes a living process and prints the stacks of its threads.
ON_PROCESSES = {
    "eu-stack": lambda pid: ["eu-stack", "-p", str(pid), "-n", "0"],
    "gdb": lambda pid: ["gdb", "-nx", "-batch", "-p", str(pid), "-ex", "thread apply all backtrace"],
}

USER_FRAME = re.compile(rb"^\s*#\d+", re.MULTILINE)


def frames_of_stacks(text):
    """How many frames eu-stack or gdb printed."""
    return len(USER_FRAME.findall(text))


def stacks_of(text):
    """The stacks of a text in perf's layout: (head, frame lines) for each."""
    for block in re.split(rb"\n\n+", text.strip(b"\n")):
        head, *frames = block.split(b"\n")
        if head:
            yield head, frames


def missing():
    """Programs that are not installed; tools/setup installs them."""
    return [name for name in ("perf", "time", "eu-stack", "gdb", PERFPARSER) if not shutil.which(name)]
