# SPDX-License-Identifier: Apache-2.0
"""The header's layout and numbers, as a C compiler sees them, are those that the guest's tests use."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ABI_FOLDER = PROJECT / "Sources/CVariableMonitor/include"
sys.path.append(str(PROJECT / "Tests/guest"))

import abi  # noqa: E402

STRUCTS = {
    "vmon_watch": abi.WATCH,
    "vmon_watch_condition": abi.WATCH_CONDITION,
    "vmon_change": abi.CHANGE,
    "vmon_watch_state": abi.STATE,
    "vmon_watch_list": abi.LIST,
    "vmon_dump_request": abi.DUMP_REQUEST,
    "vmon_record": abi.RECORD,
    "vmon_dump_begin": abi.BODIES[abi.DUMP_BEGIN],
    "vmon_hit": abi.BODIES[abi.HIT],
    "vmon_task": abi.BODIES[abi.TASK],
    "vmon_process": abi.BODIES[abi.PROCESS],
    "vmon_mappings": abi.BODIES[abi.MAPPINGS],
    "vmon_mapping": abi.MAPPING,
    "vmon_dump_end": abi.BODIES[abi.DUMP_END],
    "vmon_lost": abi.BODIES[abi.LOST],
    "vmon_watch_end": abi.BODIES[abi.WATCH_END],
    "vmon_hang": abi.BODIES[abi.HANG],
    "vmon_blocked": abi.BODIES[abi.BLOCKED],
    "vmon_condition": abi.BODIES[abi.CONDITION],
    "vmon_history": abi.BODIES[abi.HISTORY],
    "vmon_sample": abi.SAMPLE,
}
NUMBERS = {
    "VMON_IOC_WATCH": abi.IOC_WATCH, "VMON_IOC_CANCEL": abi.IOC_CANCEL,
    "VMON_IOC_CANCEL_ALL": abi.IOC_CANCEL_ALL, "VMON_IOC_RELEASE": abi.IOC_RELEASE,
    "VMON_IOC_DUMP": abi.IOC_DUMP, "VMON_IOC_WATCH_CONDITION": abi.IOC_WATCH_CONDITION,
    "VMON_IOC_CHANGE": abi.IOC_CHANGE, "VMON_IOC_STATE": abi.IOC_STATE, "VMON_IOC_LIST": abi.IOC_LIST,
    "VMON_GREATER": abi.GREATER, "VMON_LESS": abi.LESS, "VMON_EQUAL": abi.EQUAL,
    "VMON_NOT_EQUAL": abi.NOT_EQUAL, "VMON_OUTSIDE": abi.OUTSIDE, "VMON_CHANGED": abi.CHANGED,
    "VMON_CHANGED_BY": abi.CHANGED_BY, "VMON_UNCHANGED": abi.UNCHANGED,
    "VMON_BITS_ANY": abi.BITS_ANY, "VMON_BITS_ALL": abi.BITS_ALL,
    "VMON_WATCH_UNSIGNED": abi.UNSIGNED, "VMON_WATCH_FLOAT": abi.FLOAT, "VMON_WATCH_REARM": abi.REARM,
    "VMON_HISTORY_MAX": abi.HISTORY_MAX, "VMON_TICKS_MAX": abi.TICKS_MAX,
    "VMON_STATE_MUTED": abi.MUTED, "VMON_STATE_DISARMED": abi.DISARMED,
    "VMON_STATE_UNREADABLE": abi.UNREADABLE, "VMON_KNOWN_PREVIOUS": abi.KNOWN_PREVIOUS,
    "VMON_RECORD_CONDITION": abi.CONDITION, "VMON_RECORD_HISTORY": abi.HISTORY,
    "VMON_RECORD_MAGIC": abi.MAGIC, "VMON_RECORD_SIZE_MAX": abi.RECORD_SIZE_MAX,
    "VMON_RECORD_DUMP_BEGIN": abi.DUMP_BEGIN, "VMON_RECORD_HIT": abi.HIT,
    "VMON_RECORD_TASK": abi.TASK, "VMON_RECORD_PROCESS": abi.PROCESS,
    "VMON_RECORD_MAPPINGS": abi.MAPPINGS, "VMON_RECORD_DUMP_END": abi.DUMP_END,
    "VMON_RECORD_LOST": abi.LOST, "VMON_RECORD_WATCH_END": abi.WATCH_END,
    "VMON_RECORD_HANG": abi.HANG,
    "VMON_DUMP_HIT": abi.HIT_REASON, "VMON_DUMP_REQUEST": abi.REQUEST_REASON,
    "VMON_DUMP_HANG": abi.HANG_REASON, "VMON_TASK_KERNEL_THREAD": abi.KERNEL_THREAD,
    "VMON_TASK_REGISTERS": abi.REGISTERS, "VMON_TASK_ON_CPU": abi.ON_CPU,
    "VMON_TASK_STALE": abi.STALE, "VMON_TASK_32BIT": abi.CODE_32BIT,
    "VMON_TASK_USER_TRUNCATED": abi.USER_TRUNCATED, "VMON_TASK_HIT": abi.HIT_TASK,
    "VMON_END_UNMAPPED": abi.UNMAPPED, "VMON_END_EXITED": abi.EXITED, "VMON_END_NO_MEMORY": abi.NO_MEMORY,
    "VMON_MAPPINGS_BUSY": abi.MAPPINGS_BUSY, "VMON_MAPPINGS_TRUNCATED": abi.MAPPINGS_TRUNCATED,
    "VMON_RECORD_BLOCKED": abi.BLOCKED,
    "VMON_LOCK_UNKNOWN": 0, "VMON_LOCK_MUTEX": abi.MUTEX, "VMON_LOCK_RWSEM_READ": abi.RWSEM_READ,
    "VMON_LOCK_RWSEM_WRITE": abi.RWSEM_WRITE, "VMON_LOCK_SEMAPHORE": abi.SEMAPHORE,
    "VMON_LOCK_RT_MUTEX": abi.RT_MUTEX, "VMON_LOCK_SPINLOCK": abi.SPINLOCK, "VMON_LOCK_FUTEX": abi.FUTEX,
    "VMON_BLOCKED_OWNER": abi.OWNER, "VMON_BLOCKED_OWNER_EXITED": abi.OWNER_EXITED,
    "VMON_BLOCKED_READERS": abi.READERS, "VMON_BLOCKED_QUEUE": abi.QUEUE,
    "VMON_BLOCKED_QUEUE_TRUNCATED": abi.QUEUE_TRUNCATED, "VMON_BLOCKED_FUTEX": abi.FUTEX_CALL,
    "VMON_BLOCKED_FUTEX_WORDS": abi.FUTEX_WORDS,
}


def path_of(struct, name, at):
    """The C expression for a field of a layout, of which records' headers and registers are nested."""
    if STRUCTS[struct] in abi.BODIES.values() and at < abi.RECORD.size:
        return f"record.{name}"
    if struct == "vmon_watch_condition" and at < abi.WATCH.size:
        return f"watch.{name}"
    if struct == "vmon_task" and name in abi.REGISTER_NAMES:
        return f"registers.{name}"
    return "reserved" if name == "reserved1" else name


@pytest.fixture(scope="module", params=["-m64", "-m32"])
def numbers_of_c(request, tmp_path_factory):
    """What a C program that includes the header prints, as name to number."""
    lines = [f'printf("{name} %llu\\n", (unsigned long long){name});' for name in NUMBERS]
    for struct, layout in STRUCTS.items():
        lines.append(f'printf("{struct} %zu\\n", sizeof(struct {struct}));')
        for name, at, _ in layout.offsets():
            field = path_of(struct, name, at)
            lines.append(f'printf("{struct}.{field} %zu\\n", offsetof(struct {struct}, {field}));')
    folder = tmp_path_factory.mktemp("abi")
    source = "#include <stddef.h>\n#include <stdio.h>\n#include <variable_monitor.h>\nint main(void)\n{\n%s\n}\n"
    (folder / "abi.c").write_text(source % "\n".join(lines))
    subprocess.run(["gcc", request.param, f"-I{ABI_FOLDER}", "-o", folder / "abi", folder / "abi.c"], check=True)
    output = subprocess.run([folder / "abi"], check=True, capture_output=True, text=True).stdout
    return {name: int(number) for name, number in map(str.split, output.splitlines())}


def test_numbers_are_those_of_the_header(numbers_of_c):
    assert {name: numbers_of_c[name] for name in NUMBERS} == NUMBERS


@pytest.mark.parametrize("struct", STRUCTS)
def test_layout_is_that_of_the_header(struct, numbers_of_c):
    expected = {struct: STRUCTS[struct].size}
    for name, at, _ in STRUCTS[struct].offsets():
        expected[f"{struct}.{path_of(struct, name, at)}"] = at
    assert {name: numbers_of_c.get(name) for name in expected} == expected


def test_every_record_type_of_the_header_is_known():
    text = (ABI_FOLDER / "vmon_records.h").read_text()
    types = re.findall(r"VMON_RECORD_\w+ = (\d+)", text)
    assert sorted(map(int, types)) == sorted(abi.BODIES)
