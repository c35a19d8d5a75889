# SPDX-License-Identifier: Apache-2.0
"""The modules in kmod/locktest: what they do is in a table here, what they say in files."""

import os
from dataclasses import dataclass
from pathlib import Path

from eventually import eventually
from module import load_file, unload_file
from subjects import PROJECT

DEBUGFS = Path("/sys/kernel/debug")

# What each thread of the deadlocked scenarios holds and waits for, by testsuite's number.
# A thread that waits for nothing is gone.
SPINLOCKS, RECURSION, UNLOCK_ORDER, SLEEPER = 1, 8, 9, 10
DEADLOCKS = {
    2: [("mutex_a", "mutex_b"), ("mutex_b", "mutex_a")],
    3: [("semaphore_a", "semaphore_b"), ("semaphore_b", "semaphore_a")],
    4: [("rwsem_a", "rwsem_b"), ("rwsem_b", "rwsem_a")],
    5: [("rwsem_a", "rwsem_b"), ("rwsem_b", "rwsem_a")],
    6: [("mutex_a", "mutex_b"), ("mutex_b", "mutex_c"), ("mutex_c", "mutex_a")],
    7: [("mutex_a", "semaphore_b"), ("semaphore_b", "mutex_a")],
    RECURSION: [("mutex_a", "mutex_a")],
    11: [("mutex_a", "-"), ("-", "mutex_a")],
}
# There nobody can be rescued from waiting for himself.
PREEMPT_RT = "PREEMPT_RT" in os.uname().version
if PREEMPT_RT:
    del DEADLOCKS[RECURSION]


@dataclass
class Thread:
    pid: int
    holds: str
    waits_for: str

    @property
    def is_alive(self):
        return os.path.exists(f"/proc/{self.pid}")


class LockTest:
    """One of the modules, by name, from insmod to rmmod."""

    def __init__(self, name, **parameters):
        self.name = name
        self.file = f"{PROJECT}/kmod/locktest/{name}.ko"
        self.parameters = " ".join(f"{key}={value}" for key, value in parameters.items())

    def load(self):
        load_file(self.file, self.parameters)

    def unload(self):
        unload_file(self.file)

    @property
    def is_loaded(self):
        return Path(f"/sys/module/{self.name}").exists()

    def set(self, parameter, value):
        write(f"/sys/module/{self.name}/parameters/{parameter}", value)

    def get(self, parameter):
        return Path(f"/sys/module/{self.name}/parameters/{parameter}").read_text(encoding="ascii").strip()

    def write(self, file, value=1):
        write(DEBUGFS / self.name / file, value)

    def status(self):
        """The lines of the status file, and its threads."""
        text = (DEBUGFS / self.name / "status").read_text(encoding="ascii")
        values = dict(line.split(": ") for line in text.splitlines())
        threads = [Thread(int(values[f"thread_{number}_pid"]), values[f"thread_{number}_holds"],
                          values[f"thread_{number}_waits_for"])
                   for number in range(1, int(values["threads"]) + 1)]
        return values, threads

    def state(self):
        return self.status()[0]["state"]

    def wait_for_state(self, state):
        """Its threads then."""
        eventually(lambda: self.state() == state, f"{self.name} in state {state}")
        return self.status()[1]


def write(path, value):
    """One write(2) of the text, whose error is raised."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)
