# SPDX-License-Identifier: Apache-2.0
"""What is measured on: profiles with copied stacks, recorded by perf when they are missing."""

import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "build/benchmarks/reports"
DEEP = PROJECT / "build/benchmarks/deep"

# Enough for a compiler to work on for a second.
SWIFT_SOURCE = "\n".join(
    f"struct Box{i}<T: Comparable> {{ var items: [T]; func top() -> T? {{ items.sorted().max() }} }}\n"
    f"func use{i}() -> Int {{ Box{i}(items: (0..<{i}).map {{ $0 * $0 }}).top() ?? 0 }}" for i in range(40))


def record(output, options, *command):
    """perf record, with a buffer that loses nothing."""
    partial = output.with_suffix(".part")
    done = subprocess.run(["perf", "record", "-q", "-m", "16384", "--call-graph", "dwarf,8192", *options,
                           "-o", partial, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode or not partial.exists():
        raise RuntimeError(f"perf record failed: {done.stderr}")
    partial.rename(output)


def record_deep(output):
    """Every switch of 200 threads."""
    record(output, ["-e", "context-switches", "-c", "1"], DEEP)


def compile_boxes():
    """The words of a command that keeps the Swift compiler at work."""
    source = FOLDER / "boxes.swift"
    source.write_text(SWIFT_SOURCE)
    swiftc = shutil.which("swiftc", path=f"{os.environ['PATH']}:/opt/swift/usr/bin")
    return [swiftc, "-O", "-c", str(source), "-o", "/dev/null"]


def record_compiler(output):
    """The Swift compiler at work: hundreds of thousands of symbols in one file."""
    record(output, ["-e", "cpu-clock", "-F", "499"], *compile_boxes())


# Programs of many kinds, each of which takes a moment.
WORK = [
    "g++ -std=c++17 -O1 -S -x c++ -include regex -o /dev/null /dev/null",
    "python3 -c 'import ast, pydoc; ast.parse(open(pydoc.__file__).read())'",
    "ls -lR /usr/lib | sort | gzip -9 >/dev/null",
    "git -C . log --stat -n 20 >/dev/null",
    "readelf --wide --syms /usr/bin/gdb >/dev/null",
]


def record_system(output):
    """The whole machine for five seconds, while programs start, work and end, ten at a time."""
    jobs = "\n".join([*WORK, shlex.join(compile_boxes())] * 100)
    busy = subprocess.Popen(["timeout", "7", "xargs", "-P", "10", "-d", "\n", "-n", "1", "sh", "-c"], cwd=PROJECT,
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    busy.stdin.write(jobs)
    busy.stdin.close()
    try:
        record(output, ["-a", "-e", "cpu-clock", "-F", "499"], "sleep", "5")
    finally:
        busy.wait()


RECORDERS = {"deep": record_deep, "compiler": record_compiler, "system": record_system}
DESCRIPTIONS = {
    "deep": "200 threads, 41 frames each, recursive C without frame pointers; every context switch",
    "compiler": "the Swift compiler, 499 samples a second",
    "system": "the whole machine, compilers, interpreters and tools, 499 samples a second",
}


def all_inputs():
    """The path of each input by its name."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, recorder in RECORDERS.items():
        found[name] = FOLDER / f"{name}.data"
        if not found[name].exists():
            recorder(found[name])
    return found


class DeepProcess:
    """The deep program, alive and asleep, for tools that unwind living processes."""

    def __enter__(self):
        self.process = subprocess.Popen([DEEP, "0"], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline()
        time.sleep(0.5)     # until the last of the threads is at its bottom
        return self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
