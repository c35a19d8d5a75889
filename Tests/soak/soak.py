#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many processes live and die under watches, CPUs come and go; at the end nothing is left.

Loads the module, so it belongs into a guest: make soak.
"""

import argparse
import ctypes
import os
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "guest"))

import abi
from eventually import eventually
from module import KernelLog, Module, is_loaded, set_cpu_online
from subject import keep_alive

PR_SET_CHILD_SUBREAPER = 36
PARAMETERS = {"dump_gap_ms": 100, "max_tasks": 64, "buffer_bytes": 1 << 21}
HOTPLUG_SECONDS = 4


def pins():
    """Pages that are pinned on the whole machine."""
    with open("/proc/vmstat", encoding="ascii") as file:
        values = dict(line.split() for line in file)
    return int(values["nr_foll_pin_acquired"]) - int(values["nr_foll_pin_released"])


class Reader(threading.Thread):
    """Reads everything and gives its space back; every number must come, or be told lost."""

    def __init__(self, session):
        super().__init__()
        self.session = session
        self.sequence = self.lost = self.records = 0
        self.error = None
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.wait(0.02):
                self.drain()
        except Exception as error:
            self.error = error

    def drain(self):
        while True:
            try:
                data = self.session.read(1 << 19)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                at += self._take(data, at)
            self.session.release(self.sequence)

    def _take(self, data, at):
        record = abi.RECORD.unpack(data, at)
        assert record.magic == abi.MAGIC
        expected = self.sequence + 1
        if record.type == abi.LOST:
            lost = abi.BODIES[abi.LOST].unpack(data, at)
            assert lost.first_sequence == expected
            assert lost.count == lost.last_sequence - lost.first_sequence + 1
            self.lost += lost.count
            expected = lost.last_sequence + 1
        assert record.sequence == expected, f"record {record.sequence} follows {self.sequence}"
        self.sequence = record.sequence
        self.records += 1
        return record.size

    def finish(self):
        self.ending.set()
        self.join()
        if self.error:
            raise self.error


def switch_cpus(seconds, choices):
    """Takes CPU 1 away and gives it back; how often."""
    end, times = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < end:
            time.sleep(min(choices.random() * HOTPLUG_SECONDS, max(end - time.monotonic(), 0)))
            set_cpu_online(1, times % 2)
            times += 1
    finally:
        set_cpu_online(1, True)
    return times


def soak(module, seconds, seed):
    """Runs with the module loaded with PARAMETERS; a line of what was done, or an AssertionError."""
    pins_before = pins()
    module.set_knob("dump_reset_sec", 1)
    children = os.fork()
    if children == 0:
        # Orphans come to it.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        keep_alive(seed, seconds)
    reader = Reader(module.open())
    reader.start()
    switched = switch_cpus(seconds, random.Random(seed))
    _, status = os.waitpid(children, 0)
    module.wait_for_status(watches=0, groups=0)
    reader.finish()
    # A record after them tells of the last that were lost.
    module.open().dump()
    reader.drain()

    assert status == 0, "a subject failed, see above"
    found = module.status()
    assert reader.lost == found["lost_records"]
    assert found["buffer_used_bytes"] == 0
    assert found["hits"] > 0 and found["dumps"] > 1 and switched > 0
    eventually(lambda: pins() == pins_before, "all pages unpinned")
    return (f"{seconds} s: {found['hits']} hits, {found['dumps']} dumps, {reader.records} records read,"
            f" {reader.lost} lost and told, CPU 1 switched {switched} times, seed {seed}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"soak: seed {options.seed}", flush=True)
    log = KernelLog()
    module = Module(**PARAMETERS)
    module.load()
    done = soak(module, options.seconds, options.seed)
    module.unload()
    assert not is_loaded()
    splats = log.splats()
    assert not splats, splats
    print(f"soak: {done}: good")


if __name__ == "__main__":
    main()
