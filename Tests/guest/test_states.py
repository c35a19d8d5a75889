# SPDX-License-Identifier: Apache-2.0
"""One report of processes in every state: who is in it, with which letter and which stacks."""

import os
import subprocess
from types import SimpleNamespace

import pytest

import oracles
from eventually import eventually
from module import Module
from report import names, of_pid, parse, ucli
from subjects import end_descendants, program, read_proc, start, start_spinner, state_of


@pytest.fixture(scope="module")
def scene():
    """A report of processes in every state, and what /proc said about them at that time."""
    module = Module(dump_gap_ms=0)
    module.load()
    try:
        return observe(module)
    finally:
        end_descendants()
        module.unload()


def observe(module):
    scene = SimpleNamespace(
        vforker=start(program("vforker")), spinner=start_spinner(), threads=start(program("threads")),
        sleeper=subprocess.Popen(["sleep", "1000"]))
    threads = scene.threads.pid

    def thread_states():
        return [state_of(f"{threads}/task/{thread}") for thread in sorted(os.listdir(f"/proc/{threads}/task"))]

    eventually(lambda: state_of(scene.vforker.pid) == "D", "a vfork parent in state D")
    eventually(lambda: state_of(scene.sleeper.pid) == "S", "a sleeper in state S")
    eventually(lambda: thread_states() == list("SSR"), "threads that sleep, sleep and spin")
    scene.vforker_stack = oracles.kernel_stack(scene.vforker.pid)
    scene.thread_comms = {int(thread): read_proc(threads, f"task/{thread}/comm").strip()
                          for thread in os.listdir(f"/proc/{threads}/task")}
    module.dump_process(threads)
    scene.first, scene.second = ucli(), ucli()
    scene.tasks = parse(scene.first.stdout)
    return scene


def test_a_vfork_parent_is_reported_as_uninterruptible_with_both_stacks_named(scene):
    task = of_pid(scene.tasks, scene.vforker.pid)
    assert task.state == "D"
    functions = names(task.user)
    assert functions[1:3] == ["waitForChild", "main"] and "vfork" in functions[0]
    assert functions[-1] == "_start"
    assert names(task.kernel) == scene.vforker_stack
    assert "entry_SYSCALL_64" in names(task.kernel)[-1]


def test_a_spinning_process_is_reported_as_running_where_it_spins(scene):
    task = of_pid(scene.tasks, scene.spinner.pid)
    begin, end = (int(word, 16) for word in scene.spinner.first_line.split())
    assert task.state == "R"
    assert begin <= task.registers["ip"] == task.user[0][0] < end
    assert names(task.user)[:2] == ["spinHere", "main"]
    assert names(task.user)[-1] == "_start"
    assert not any("SYSCALL" in name for name in names(task.kernel))


def test_unrelated_sleepers_are_not_reported(scene):
    found = [task.pid for task in scene.tasks]
    # The shells that wait for this process sleep, too.
    for pid in scene.sleeper.pid, *oracles.ancestry(os.getpid())[1:]:
        assert pid not in found


def test_every_thread_of_the_process_that_hit_is_reported_whatever_its_state(scene):
    tasks = [task for task in scene.tasks if task.tgid == scene.threads.pid]
    assert {task.pid: task.comm for task in tasks} == scene.thread_comms
    threads = {task.comm: task for task in tasks}
    assert {name: task.state for name, task in threads.items()} == {"threads": "S", "sleeping": "S", "spinning": "R"}
    assert "main" in names(threads["threads"].user)
    assert "sleepHere" in names(threads["sleeping"].user)
    assert names(threads["spinning"].user)[0] == "spinHere"
    assert all(task.chain[0] == program("threads") for task in tasks)


def test_kernel_threads_have_no_user_section_and_others_have_one(scene):
    kernel_threads = [task for task in scene.tasks if "[kthreadd]" in task.chain]
    assert kernel_threads
    # One that ran when it was chosen may sleep by its turn.
    assert all(task.registers is None and task.state in "RDIS" for task in kernel_threads)
    # Asleep, a kernel thread came from its start.
    starts = ("ret_from_fork", "ret_from_fork_asm")     # the latter since 6.6
    assert all(names(task.kernel)[-1] in starts for task in kernel_threads if task.state == "I")
    assert all(task.registers for task in scene.tasks if task not in kernel_threads)


def test_a_second_ucli_has_nothing_more_to_print(scene):
    assert scene.first.returncode == 0 and scene.first.stdout
    assert (scene.second.returncode, scene.second.stdout) == (0, "")
