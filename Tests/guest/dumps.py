# SPDX-License-Identifier: Apache-2.0
"""Records put together into dumps, and what must be true of any dump."""

import os
from types import SimpleNamespace

import abi


def check_sequence(records):
    """Numbers rise by one, except that a gap is told by the LOST record behind it; the number lost."""
    lost = 0
    for before, record in zip(records, records[1:]):
        if record.type == abi.LOST:
            assert record.first_sequence == before.sequence + 1
            assert record.last_sequence + 1 == record.sequence
            assert record.count == record.last_sequence - record.first_sequence + 1
            lost += record.count
        else:
            assert record.sequence == before.sequence + 1
        assert record.time_ns >= before.time_ns
        assert record.cpu < os.cpu_count()
    return lost


def dumps_of(records):
    """Each dump of a run of records, in order; every record but losses and ends must lie in one."""
    dumps, current = [], None
    for record in records:
        if record.type == abi.DUMP_BEGIN:
            assert current is None, "a dump begins inside another"
            current = SimpleNamespace(id=record.dump_id, begin=record, end=None, records=[])
            assert record.dump_id > (dumps[-1].id if dumps else 0)
            dumps.append(current)
        elif record.type == abi.WATCH_END:
            assert record.dump_id == 0
        elif current is None:
            assert record.type == abi.LOST
        else:
            assert record.dump_id == current.id
            if record.type == abi.DUMP_END:
                current.end, current = record, None
            else:
                current.records.append(record)
    assert current is None, "a dump has no end"
    for dump in dumps:
        for name, kind in ("hits", abi.HIT), ("tasks", abi.TASK), ("processes", abi.PROCESS), \
                ("mappings", abi.MAPPINGS), ("lost", abi.LOST), ("hangs", abi.HANG), \
                ("conditions", abi.CONDITION), ("histories", abi.HISTORY), ("blocked", abi.BLOCKED):
            setattr(dump, name, [record for record in dump.records if record.type == kind])
    return dumps


def task_of(dump, pid):
    [task] = [task for task in dump.tasks if task.pid == pid]
    return task


def blocked_of(dump, pid):
    """What the task waits for, which comes right behind the task; None if it waits for no lock."""
    found = [(before, record) for before, record in zip(dump.records, dump.records[1:])
             if record.type == abi.BLOCKED and record.pid == pid]
    if not found:
        return None
    [(before, record)] = found
    assert (before.type, before.pid) == (abi.TASK, pid)
    return record


def process_of(dump, pid):
    [process] = [process for process in dump.processes if process.pid == pid]
    return process


def mappings_of(dump, task):
    return [mapping for record in dump.mappings if record.address_space == task.address_space
            for mapping in record.entries]


def check_self_contained(dump):
    """All that a report of a dump needs is in the dump; nothing may have been lost."""
    assert not dump.lost
    assert dump.begin.hits == len(dump.hits)
    assert bool(dump.begin.reason & abi.HIT_REASON) == bool(dump.hits)
    assert bool(dump.begin.reason & abi.HANG_REASON) == bool(dump.hangs)
    end = dump.end
    assert dump.begin.time_ns <= end.first_capture_ns <= end.last_capture_ns <= end.time_ns
    assert end.tasks_captured == len(dump.tasks) > 0
    assert end.skipped_full == 0
    skipped = end.skipped_limit + end.skipped_time + end.skipped_exited
    assert end.tasks_seen >= end.tasks_captured + skipped
    assert end.duration_ns > dump.records[-1].time_ns - dump.begin.time_ns
    pids = [task.pid for task in dump.tasks]
    assert len(set(pids)) == len(pids), "a task is there twice"
    _check_processes(dump)
    _check_address_spaces(dump)
    for task in dump.tasks:
        _check_task(task)


def _check_processes(dump):
    processes = {process.pid: process for process in dump.processes}
    assert len(processes) == len(dump.processes), "a process is there twice"
    for task in dump.tasks:
        pid = task.tgid
        for _ in range(11):     # itself and up to 10 ancestors
            assert pid in processes, f"process {pid} of the chain of task {task.pid} is missing"
            pid = processes[pid].parent_pid
            if pid == 0:
                break


def _check_address_spaces(dump):
    spaces = {}
    for record in dump.mappings:
        # Any process may be about to change them; of those that sleep, tests compare all mappings.
        assert record.flags in (0, abi.MAPPINGS_BUSY)
        spaces.setdefault(record.address_space, []).extend(record.entries)
    assert set(spaces) == {task.address_space for task in dump.tasks if task.address_space}
    for entries in spaces.values():
        for before, after in zip(entries, entries[1:]):
            assert before.start < before.end <= after.start


def _check_task(task):
    kernel_thread = bool(task.flags & abi.KERNEL_THREAD)
    assert (task.address_space == 0) == kernel_thread
    # Workers of io_uring share a process's memory, but never ran in it.
    assert bool(task.flags & abi.REGISTERS) == (not kernel_thread and not task.comm.startswith("iou-wrk-"))
    assert all(frame >> 47 == 0x1FFFF for frame in task.kernel), "a kernel frame is no kernel address"
    assert task.cgroup.startswith("/")
    if kernel_thread:
        assert (task.stack, task.rsp, task.rip) == (b"", 0, 0)
    else:
        assert task.stack_start == task.rsp
