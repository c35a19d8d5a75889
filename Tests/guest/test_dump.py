# SPDX-License-Identifier: Apache-2.0
"""What the records of a dump say about a process, against what /proc and readelf say."""

import os
from bisect import bisect_left, bisect_right

import pytest

import abi
import oracles
import own_cpu
from dumps import check_self_contained, dumps_of, mappings_of, process_of, task_of
from eventually import eventually
from memory import PRESENT, page_entry
from module import load_file, unload_file
from subjects import (PAGE, PROJECT, Child, end_descendants, fork_chain, program, read_proc, start, start_spinner,
                      state_of, wait_until_blocked_in, wait_until_stuck)

pytestmark = pytest.mark.module(dump_gap_ms=0)
INTERRUPTS_OFF = f"{PROJECT}/kmod/testing/interrupts_off.ko"
KERNEL_LOOP = f"{PROJECT}/kmod/testing/kernel_loop.ko"
# Only the rest of one task's records is written after its time, but an emulated machine may stand still.
MAX_DUMP_MS, STANDSTILL_MS = 30, 1000
POLL = 7        # system call number
STRANGE_ARGUMENTS = ["", "two words", "zwölf", "new\nline", "(UNKNOWN)"]


def last_dump(session):
    dump = dumps_of(session.records())[-1]
    # Some tests make hundreds, and all are to have room.
    session.release(dump.end.sequence)
    check_self_contained(dump)
    return dump


def memory_of(pid, address, size):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size)


@pytest.fixture
def sleeper():
    """A process asleep in a system call, with arguments that are hard to print."""
    process = start(program("sleeper"), *STRANGE_ARGUMENTS)
    wait_until_blocked_in(process, POLL)
    return process


def test_a_task_is_recorded_as_it_sleeps(module, session, sleeper):
    module.dump_process(sleeper.pid)
    task = task_of(last_dump(session), sleeper.pid)
    assert (task.tgid, task.comm, task.state) == (sleeper.pid, "sleeper", "S")
    assert task.flags == abi.REGISTERS | abi.HIT_TASK
    assert task.cgroup == read_proc(sleeper.pid, "cgroup").removeprefix("0::").rstrip("\n")
    # In units of 10 ms, as field 22 of its stat.
    ticks = int(read_proc(sleeper.pid, "stat").rpartition(")")[2].split()[19])
    assert task.start_time_ns // 10_000_000 == ticks


def test_registers_are_those_with_which_the_task_entered_the_kernel(module, session, sleeper):
    number, *arguments, pointer, instruction = read_proc(sleeper.pid, "syscall").split()
    module.dump_process(sleeper.pid)
    task = task_of(last_dump(session), sleeper.pid)
    assert task.orig_rax == int(number)
    registers = [task.rdi, task.rsi, task.rdx, task.r10, task.r8, task.r9]
    assert registers == [int(argument, 16) for argument in arguments]
    assert (task.rsp, task.rip) == (int(pointer, 16), int(instruction, 16))
    assert (task.cs, task.ss) == (0x33, 0x2B)


def absent_pages(task):
    """
    A bit for each page of the stack's copy that is not there. Below the arguments the kernel leaves up to
    8 KiB, by chance, in which there may be a page that nobody has used.
    """
    first, last = task.stack_start // PAGE, (task.stack_start + len(task.stack) - 1) // PAGE
    return sum(1 << page - first for page in range(first, last + 1)
               if not page_entry(page * PAGE, task.pid) & PRESENT)


def test_the_stack_copy_is_the_process_s_memory_up_to_the_stack_s_end(module, session, sleeper):
    module.dump_process(sleeper.pid)
    task = task_of(last_dump(session), sleeper.pid)
    [stack] = [line.split()[0] for line in read_proc(sleeper.pid, "maps").splitlines() if line.endswith("[stack]")]
    begin, end = (int(word, 16) for word in stack.split("-"))
    assert begin <= task.stack_start < end
    assert len(task.stack) == min(16384, end - task.stack_start) > 0
    assert task.stack_missing == absent_pages(task)
    assert memory_of(sleeper.pid, task.stack_start, len(task.stack)) == task.stack


@pytest.mark.module(dump_gap_ms=0, user_stack_bytes=1000)
def test_the_stack_copy_has_the_size_of_the_parameter(module, session, sleeper):
    module.dump_process(sleeper.pid)
    task = task_of(last_dump(session), sleeper.pid)
    assert task.flags & abi.USER_TRUNCATED
    end = task.stack_start + len(task.stack)
    # Pages that are not there are cut off: none may have been touched between the stack and its strings.
    if len(task.stack) != 1000:
        assert len(task.stack) < 1000 and end % PAGE == 0 and not page_entry(end, sleeper.pid) & PRESENT
    assert memory_of(sleeper.pid, task.stack_start, len(task.stack)) == task.stack


def test_a_page_of_the_stack_that_is_not_there_is_marked_and_zero(module, session):
    process = start(program("stack_hole"))
    eventually(lambda: state_of(process.pid) == "S", "a process asleep")
    session.dump(pid=process.pid)
    task = task_of(last_dump(session), process.pid)
    hole = int(process.first_line, 16)
    assert task.stack_missing == absent_pages(task)
    assert task.stack_missing >> (hole // PAGE - task.stack_start // PAGE) & 1
    at = hole - task.stack_start
    assert task.stack[at:at + PAGE] == bytes(PAGE)
    assert memory_of(process.pid, task.stack_start, at) == task.stack[:at]
    rest = task.stack[at + PAGE:]
    assert rest and memory_of(process.pid, hole + PAGE, len(rest)) == rest


@pytest.mark.module(dump_gap_ms=0, user_stack_bytes=65536)
def test_the_stack_copy_may_be_as_long_as_the_record_allows(module, session):
    deep = start(program("deep_stack"))
    eventually(lambda: state_of(deep.pid) == "S", "a process asleep")
    session.dump(pid=deep.pid)
    task = task_of(last_dump(session), deep.pid)
    assert len(task.stack) == 65536 and task.flags & abi.USER_TRUNCATED
    assert memory_of(deep.pid, task.stack_start, 65536) == task.stack


@pytest.mark.module(dump_gap_ms=0, max_tasks=3)
def test_tasks_over_the_limit_are_counted_and_the_cause_s_own_come_first(module, session):
    spinner = start_spinner()
    threads = start(program("threads"))
    session.dump(pid=threads.pid)
    dump = last_dump(session)
    assert [task.tgid for task in dump.tasks] == [threads.pid] * 3
    assert dump.end.skipped_limit > 0
    assert spinner.pid not in [task.pid for task in dump.tasks]


@pytest.mark.module(dump_gap_ms=0, max_dump_ms=MAX_DUMP_MS)
def test_a_dump_that_is_out_of_time_ends_and_counts_the_tasks_it_skipped(module, session):
    stuck = [start(program("vforker")) for _ in range(2)]
    for process in stuck:
        wait_until_stuck(process)
    # The dump begins with it, and is out of time before its mappings end.
    slow = start(program("many_mappings"))

    def begun():
        session.dump(pid=slow.pid)
        [dump] = dumps_of(session.records())
        return dump.tasks and dump

    dump = eventually(begun, "a dump that had time for a task")
    assert [task.pid for task in dump.tasks] == [slow.pid]
    assert dump.mappings[-1].flags == abi.MAPPINGS_TRUNCATED
    assert dump.end.skipped_time >= len(stuck)
    assert MAX_DUMP_MS * 10**6 < dump.end.duration_ns < (MAX_DUMP_MS + STANDSTILL_MS) * 10**6


@pytest.fixture
def interrupts_off():
    load_file(INTERRUPTS_OFF)
    yield
    end_descendants()
    unload_file(INTERRUPTS_OFF)


def run_with_interrupts_off(milliseconds):
    os.sched_setaffinity(0, [os.cpu_count() - 1])
    while True:
        with open("/sys/kernel/debug/interrupts_off", "w", encoding="ascii") as file:
            file.write(str(milliseconds))


def test_a_cpu_that_does_not_answer_is_not_waited_for(module, session, interrupts_off):
    """Its task is recorded as what is known of it; a later answer finds its own request."""
    child = Child()
    child.start(run_with_interrupts_off, 400)
    os.sched_setaffinity(0, [0])

    def stale():
        session.dump(pid=child.pid)
        task = task_of(last_dump(session), child.pid)
        return task.flags & abi.STALE

    for _ in range(3):
        eventually(stale, "a task that was not interrupted in time")
    child.end()
    os.sched_setaffinity(0, range(os.cpu_count()))
    # The CPU answers again.
    spinner = start_spinner()
    os.sched_setaffinity(spinner.pid, [os.cpu_count() - 1])

    def answered():
        session.dump(pid=spinner.pid)
        return task_of(last_dump(session), spinner.pid).flags & abi.ON_CPU

    eventually(answered, "a task captured on its CPU")


def kernel_symbol_ranges():
    """Sorted start addresses of the kernel's functions with their names."""
    symbols = []
    with open("/proc/kallsyms", encoding="ascii") as file:
        for line in file:
            address, kind, name = line.split()[:3]
            if kind in "tT":
                symbols.append((int(address, 16), name))
    return sorted(symbols)


def names_at(symbols, address):
    """All names of the function that lies there."""
    end = bisect_right(symbols, (address, "\x7f"))
    begin = bisect_left(symbols, (symbols[end - 1][0],))
    return {name for _, name in symbols[begin:end]}


def test_kernel_frames_are_those_of_the_kernel_s_own_trace(module, session, sleeper):
    expected = oracles.kernel_stack(sleeper.pid)
    channel = read_proc(sleeper.pid, "wchan")
    module.dump_process(sleeper.pid)
    task = task_of(last_dump(session), sleeper.pid)
    symbols = kernel_symbol_ranges()
    assert len(task.kernel) == len(expected)
    for address, name in zip(task.kernel, expected):
        assert name in names_at(symbols, address - 1)
    # 5.10 does not know it.
    if channel != "0":
        assert channel in names_at(symbols, task.wait_channel)


def test_executable_mappings_are_those_of_proc_with_their_build_ids(module, session, sleeper):
    expected = oracles.executable_mappings(sleeper.pid)
    module.dump_process(sleeper.pid)
    dump = last_dump(session)
    found = mappings_of(dump, task_of(dump, sleeper.pid))
    assert [(m.start, m.end, m.offset, m.device_major, m.device_minor, m.inode, m.path) for m in found] == expected
    files = [mapping for mapping in found if mapping.path.startswith("/")]
    assert len(files) >= 3      # the program, libc, the dynamic linker
    for mapping in files:
        assert mapping.build_id == oracles.build_id(mapping.path)


def test_processes_and_their_parents_are_recorded_with_their_command_lines(module, session, sleeper):
    module.dump_process(sleeper.pid)
    dump = last_dump(session)
    pids = oracles.ancestry(sleeper.pid)
    assert pids[1] == os.getpid() and pids[-1] == 1
    for pid, parent in zip(pids, [*pids[1:], 0]):
        process = process_of(dump, pid)
        assert process.parent_pid == parent
        assert process.comm == read_proc(pid, "comm").rstrip("\n")
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            assert process.command_line == file.read()[:4096]
    assert process_of(dump, sleeper.pid).command_line.split(b"\0")[1:-1] == [
        argument.encode() for argument in STRANGE_ARGUMENTS]


def test_the_chain_of_parents_is_recorded_10_up(module, session):
    deepest = fork_chain(12)
    pids = oracles.ancestry(deepest)
    assert len(pids) == 11
    beyond = oracles.parent_of(pids[-1])
    # Who still runs is in the dump for itself.
    for pid in [*pids, beyond]:
        eventually(lambda pid=pid: state_of(pid) == "S", f"process {pid} of the chain asleep")
    module.dump_process(deepest)
    dump = last_dump(session)
    for pid in pids:
        assert process_of(dump, pid).parent_pid == oracles.parent_of(pid)
    assert beyond not in [process.pid for process in dump.processes]


@pytest.mark.module(dump_gap_ms=0, dump_states="RDIS")
def test_workers_of_io_uring_have_no_registers_of_their_own(session):
    """Since 5.12 they are threads of the process, and before threads of the kernel."""
    start(program("io_worker"))

    def workers():
        session.dump()
        return [task for task in last_dump(session).tasks if task.comm.startswith(("iou-wrk-", "io_wqe_worker"))]

    for worker in eventually(workers, "a worker of io_uring"):
        assert not worker.flags & (abi.REGISTERS | abi.USER_TRUNCATED)
        assert (worker.rip, worker.rsp, worker.stack) == (0, 0, b"")
        assert worker.kernel


def test_running_tasks_are_captured_where_they_run_at_the_moment(module, session):
    """A spinner on each CPU: one that does not have to yield to the dump is interrupted on its own."""
    spinners = [start_spinner() for _ in range(os.cpu_count())]
    for cpu, spinner in enumerate(spinners):
        os.sched_setaffinity(spinner.pid, [cpu])
    begin, end = (int(word, 16) for word in spinners[0].first_line.split())

    def captured_on_its_cpu():
        module.dump_process(spinners[0].pid)
        dump = last_dump(session)
        tasks = [task_of(dump, spinner.pid) for spinner in spinners]
        for task in tasks:
            assert task.state == "R"
            assert begin <= task.rip < end
            assert not task.flags & abi.STALE
        return [task for task in tasks if task.flags & abi.ON_CPU and not task.kernel]

    assert eventually(captured_on_its_cpu, "a task captured in user mode on its own CPU")


# ---- what another CPU runs at the moment ----


# After so long a dump no longer waits for a CPU's answer.
ANSWER_NS = 100_000_000


@pytest.fixture
def free_cpu(two_cpus):
    with own_cpu.kept_free():
        yield


def caught_while_it_runs(session, pid):
    """The task as an interrupt found it on its CPU, while the dump ran on another."""
    while True:
        with own_cpu.running(pid):
            stood_still = own_cpu.StoodStill()
            session.dump(pid=pid)
            stood_still_ns = stood_still.so_far_ns()
        task = task_of(last_dump(session), pid)
        assert task.cpu != own_cpu.CPU
        if not task.flags & abi.STALE:
            assert task.flags & abi.ON_CPU
            return task
        # A CPU that stands still cannot answer. Nothing else is an excuse.
        assert stood_still_ns > ANSWER_NS - 3 * own_cpu.TICK_NS


def test_a_running_task_is_caught_in_the_function_that_was_running_50_times_out_of_50(session, free_cpu):
    process = start(program("alternate"))
    *ranges, mark = (int(word, 16) for word in process.first_line.split())
    own_cpu.give_to(process.pid)
    for turn in 1, 2, 1:
        eventually(lambda: memory_of(process.pid, mark, 1) == bytes([turn]), "its turn")
    caught = []
    while len(caught) < 50:
        task = caught_while_it_runs(session, process.pid)
        at = mark - task.stack_start
        running = int.from_bytes(task.stack[at:at + 8], "little")
        if running:     # else it was on its way from one to the other
            begin, end = ranges[2 * running - 2:2 * running]
            assert begin <= task.rip < end
            caught.append(running)
    assert set(caught) == {1, 2}


@pytest.fixture
def kernel_loop():
    load_file(KERNEL_LOOP)
    yield
    end_descendants()
    unload_file(KERNEL_LOOP)


def run_in_the_kernel():
    with open("/sys/kernel/debug/kernel_loop", "wb", buffering=0) as file:
        file.write(b"1")


def test_a_task_that_runs_in_the_kernel_is_caught_in_the_functions_that_were_running(kernel_loop, session, free_cpu):
    symbols = kernel_symbol_ranges()
    child = Child()
    child.start(run_in_the_kernel)
    own_cpu.give_to(child.pid)

    def names_of(task):
        """Of each frame; the first is where the task was, the others are where it will return to."""
        return [names_at(symbols, address - bool(place)) for place, address in enumerate(task.kernel)]

    def in_loop():
        session.dump(pid=child.pid)
        return {"kernel_loop_inner"} in names_of(task_of(last_dump(session), child.pid))

    eventually(in_loop, "a process in the loop")
    places = []
    while len(places) < 20:
        names = names_of(caught_while_it_runs(session, child.pid))
        outer = names.index({"kernel_loop_outer"})
        assert names[outer + 1] == {"kernel_loop_write"}
        assert "entry_SYSCALL_64_after_hwframe" in names[-1]
        if {"kernel_loop_inner"} not in names:      # it had just come back from there, and was to go again
            continue
        assert names[outer - 1] == {"kernel_loop_inner"}
        places.append(outer - 1)
        # Unless the kernel was at work for another interrupt, the timer's perhaps.
        if places[-1]:
            [entry] = [name for name in names[places[-1] - 1] if name.startswith("asm_")]
            assert "call_function" not in entry
    assert places.count(0) > len(places) // 2
