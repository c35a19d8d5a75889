# SPDX-License-Identifier: Apache-2.0
"""32-bit programs: the ABI is theirs as it stands, and a dump has their tasks as they are."""

import os

import pytest

import abi
import oracles
from abi import outcome
from dumps import check_self_contained, dumps_of, mappings_of, task_of
from eventually import eventually
from report import of_pid, parse, ucli
from subjects import Variable, program, read_proc, start_spinner, state_of
from watching import Subject

pytestmark = pytest.mark.module(dump_gap_ms=0)
NEVER_AGAIN = 86400
WIDE = 2**40
MARK = b"a mark on the stack of 32-bit code\0"
READ, IOCTL = 3, 54     # system call numbers of 32-bit code


class Caller(Subject):
    """subjects/caller.c, which makes the calls that it is told."""

    def __init__(self):
        super().__init__(program("32/caller"))
        self.variable, self.mark = self.call("where")

    def call(self, *words):
        """The numbers that came of a call."""
        result, *found = map(int, self.tell(" ".join(map(str, words))).split())
        if result:
            raise OSError(-result, os.strerror(-result))
        return found


@pytest.fixture
def caller(module):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    return Caller()


def state_of_watch(caller, identifier):
    """What does not depend on how often the timer ticked, and how often it did."""
    same, hits, muted_ticks, ticks, throttled_ticks, interval, current_interval, flags = caller.call("state", identifier)
    assert same == identifier and interval == 1_000_000 <= current_interval
    assert throttled_ticks <= ticks and muted_ticks <= ticks
    return hits, flags, ticks


# ---- its calls ----


def test_its_watch_is_started_asked_changed_and_ended_by_its_calls(module, session, caller):
    caller.call("set", 7)
    [plain] = caller.call("watch", 0, caller.variable, WIDE)
    [ranged] = caller.call("condition", -5, 5000, 3, 16)
    assert module.status()["watches"] == 2
    assert caller.call("list", 1) == [2, plain, 0, 0]
    assert caller.call("list", 3) == [2, plain, ranged, 0]
    assert caller.call("change", ranged, -WIDE, WIDE) == []
    caller.call("set", 6000)
    module.wait_for_ticks(50)
    *state, ticks = state_of_watch(caller, ranged)
    assert state == [0, 0] and ticks > 0

    # 32-bit code writes it in halves, and a tick may see one: from 0, neither is a hit.
    caller.call("set", 0)
    caller.call("set", WIDE + 7)
    eventually(lambda: all(state_of_watch(caller, watch)[:2] == (1, abi.MUTED) for watch in (plain, ranged)), "two hits")
    assert state_of_watch(caller, ranged)[2] > ticks
    session.dump()      # the hits are in the buffer when this one is
    records = session.records()
    hits = {hit.name: hit for hit in records if hit.type == abi.HIT}
    found = {name: (hit.watch_id, hit.value, hit.threshold, hit.pid, hit.address, hit.length, hit.comparison)
             for name, hit in hits.items()}
    own = caller.pid, caller.variable, 8
    assert found == {"number": (plain, WIDE + 7, WIDE, *own, abi.GREATER),
                     "range": (ranged, WIDE + 7, 2**64 - WIDE, *own, abi.OUTSIDE)}
    [condition] = [record for record in records if record.type == abi.CONDITION]
    assert (condition.watch_id, condition.high, condition.ticks, condition.ticks_held) == (ranged, WIDE, 3, 3)
    [history] = [record for record in records
                 if record.type == abi.HISTORY and record.dump_id == hits["range"].dump_id]
    assert (history.watch_id, history.address, history.count) == (ranged, caller.variable, 16)

    caller.call("cancel", plain)
    assert caller.call("list", 3) == [1, ranged, 0, 0]
    for call in ("cancel", plain), ("state", plain), ("change", plain, 1, 2):
        assert outcome(caller.call, *call) == "ENOENT"
    caller.call("cancel_all")
    assert caller.call("list", 3) == [0, 0, 0, 0]
    module.wait_for_status(watches=0, groups=0)


def test_addresses_beyond_its_own_are_not_cut(module, session, caller):
    assert outcome(caller.call, "watch", 0, caller.variable + 2**32, 150) == "EFAULT"
    variable = Variable(151)
    assert variable.address >= 2**32
    [identifier] = caller.call("watch", os.getpid(), variable.address, 150)
    module.wait_for_dumps(1)
    [hit] = [record for record in session.records() if record.type == abi.HIT]
    assert (hit.watch_id, hit.address, hit.value, hit.pid) == (identifier, variable.address, 151, os.getpid())


# ---- its records, and it in them ----


def all_bytes(session):
    data = b""
    while True:
        try:
            data += session.read(1 << 20)
        except BlockingIOError:
            return data


def check_code_of_32_bits(dump, pid):
    """The task, whose registers must lie in mappings of its process."""
    check_self_contained(dump)
    task = task_of(dump, pid)
    assert task.flags & abi.REGISTERS and task.flags & abi.CODE_32BIT and not task.flags & abi.STALE
    mappings = [(m.start, m.end, m.offset, m.device_major, m.device_minor, m.inode, m.path)
                for m in mappings_of(dump, task)]
    assert mappings == oracles.executable_mappings(pid)
    assert any(begin <= task.rip < end <= 2**32 for begin, end, *_ in mappings)
    [stack] = [line.split()[0] for line in read_proc(pid, "maps").splitlines() if line.endswith("[stack]")]
    begin, end = (int(word, 16) for word in stack.split("-"))
    assert begin <= task.rsp < end <= 2**32
    assert len(task.stack) == min(16384, end - task.rsp)
    return task


def check_mark(task, caller):
    at = caller.mark - task.stack_start
    assert task.stack[at:at + len(MARK)] == MARK


def test_it_reads_the_bytes_that_others_read_and_is_in_its_own_dump(module, session, caller, tmp_path):
    caller.call("set", -WIDE)
    [watch] = caller.call("condition", -5, 5, 0, 0)
    module.wait_for_dumps(1)
    [identifier] = caller.call("dump", caller.pid)
    *hit, sequence = caller.call("read", tmp_path / "records")
    assert hit == [watch, -WIDE, -5, caller.pid]
    data = all_bytes(session)
    assert (tmp_path / "records").read_bytes() == data

    dump = dumps_of(abi.records_of(data))[-1]
    assert (dump.id, dump.begin.reason, dump.end.sequence) == (identifier, abi.REQUEST_REASON, sequence)
    task = check_code_of_32_bits(dump, caller.pid)
    assert task.orig_rax == IOCTL
    check_mark(task, caller)

    caller.call("release", dump.begin.sequence)
    left = module.open(os.O_RDONLY).records()
    assert (left[0].sequence, left[-1].sequence) == (dump.begin.sequence + 1, sequence)
    assert outcome(caller.call, "release", sequence + 1) == "EINVAL"
    caller.call("release", sequence)
    assert module.open(os.O_RDONLY).records() == []


def test_its_registers_are_those_with_which_it_entered_the_kernel(session, caller):
    eventually(lambda: state_of(caller.pid) == "S", "a process asleep")
    number, *arguments, pointer, instruction = read_proc(caller.pid, "syscall").split()
    session.dump(pid=caller.pid)
    task = check_code_of_32_bits(dumps_of(session.records())[-1], caller.pid)
    assert (task.orig_rax, int(number)) == (READ, READ)
    registers = [task.rbx, task.rcx, task.rdx, task.rsi, task.rdi, task.rbp]
    assert registers == [int(argument, 16) for argument in arguments]
    assert (task.rsp, task.rip) == (int(pointer, 16), int(instruction, 16))
    assert (task.cs, task.ss) == (0x23, 0x2B)
    check_mark(task, caller)


def test_it_is_caught_on_its_cpu_where_it_runs(session):
    spinner = start_spinner("32/spin")
    begin, end = (int(word, 16) for word in spinner.first_line.split())
    # Off the CPU that this process asks from.
    os.sched_setaffinity(spinner.pid, [os.cpu_count() - 1])

    def caught():
        session.dump(pid=spinner.pid)
        dump = dumps_of(session.records())[-1]
        task = task_of(dump, spinner.pid)
        assert task.flags & abi.CODE_32BIT and task.cs == 0x23
        if task.flags & abi.STALE:
            return False
        assert begin <= check_code_of_32_bits(dump, spinner.pid).rip < end
        return task.flags & abi.ON_CPU

    eventually(caught, "a task captured on its CPU")


@pytest.mark.one_cpu
def test_a_report_shows_where_it_is_and_says_that_it_shows_no_more(session, caller):
    spinner = start_spinner("32/spin")
    eventually(lambda: state_of(caller.pid) == "S", "a process asleep")
    session.dump(pid=caller.pid)
    spinner.kill()
    [dump] = dumps_of(session.records())
    done = ucli()
    assert done.returncode == 0
    for pid, names in (spinner.pid, {"UNKNOWN"}), (caller.pid, {"UNKNOWN", "__kernel_vsyscall"}):
        task, shown = task_of(dump, pid), of_pid(parse(done.stdout), pid)
        assert shown.registers == {"sp": task.rsp, "bp": task.rbp, "ip": task.rip}
        [(address, name)] = shown.user
        assert address == task.rip and name in names
    assert "2 stacks of 32-bit code not unwound" in done.stderr
