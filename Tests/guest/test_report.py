# SPDX-License-Identifier: Apache-2.0
"""What ucli prints about programs that are known, and what it leaves in the buffer."""

import os
import subprocess

import pytest

import abi
import oracles
from eventually import eventually
from module import is_loaded
from report import names, of_pid, parse, reported, ucli
from subjects import NOBODY, Variable, end_descendants, state_of, stripped

pytestmark = pytest.mark.one_cpu
NEVER_AGAIN = 86400
AT_ONCE = pytest.mark.module(dump_gap_ms=0)
CGROUP = "vmon test"


def is_main(name):
    """The package manager links a Swift program's main under its module's name."""
    return name == "main" or name.endswith("_main") and not name.startswith("__libc")


def check_userstack(task):
    """The stack of a testcase `userstack`: through its three functions down to its start."""
    assert len(task.user) >= 30
    functions = [name.split(".")[-1] for name in names(task.user)]
    for number in 1, 2, 3:
        assert functions.count(f"customFunction{number}") >= 10
    [main] = [place for place, name in enumerate(functions) if is_main(name)]
    assert set(functions[functions.index("customFunction1"):main]) == {
        "customFunction1", "customFunction2", "customFunction3"}
    assert any(name.startswith(("_start", "__libc_start")) for name in functions[main:])
    assert functions[-1] == "_start"
    # Asleep, or not yet: it has hit before it sleeps.
    assert task.state == "R" or task.state == "S" and names(task.kernel)[-1].startswith("entry_SYSCALL_64")


# ---- userstack ----


def test_the_command_of_the_design_reports_userstack(kernel_log, tmp_path):
    command = f"insmod kmod/variable_monitor.ko && (userstack &) && sleep 3 && ucli > {tmp_path}/output"
    try:
        subprocess.run(["bash", "-c", command], check=True, stdin=subprocess.DEVNULL)
        # On a slow machine it may have hit a second time by then.
        userstack = [task for task in parse((tmp_path / "output").read_text()) if task.comm == "userstack"][-1]
        check_userstack(userstack)
        assert userstack.chain[0] == "userstack"
        assert userstack.chain[1:] == [oracles.command_line(pid) for pid in oracles.ancestry(userstack.pid)[1:]]
    finally:
        end_descendants()
        subprocess.run(["rmmod", "variable_monitor"], check=True)
    assert not is_loaded()


@pytest.fixture
def cgroup():
    """A function that moves the calling process into a control group of its own."""
    folder = f"/sys/fs/cgroup/{CGROUP}"
    os.mkdir(folder)

    def enter():
        with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")

    yield enter
    eventually(lambda: "populated 0" in open(f"{folder}/cgroup.events").read(), "the end of its processes")
    os.rmdir(folder)


@AT_ONCE
@pytest.mark.parametrize("name", ["userstack", "userstack-c"])
def test_userstack_is_reported_as_gdb_and_the_kernel_see_it_also_after_its_death(cgroup, module, name):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    # Ticks of the default interval would take a quarter of the processor from gdb.
    module.set_knob("def_interval_ns", 1_000_000)
    path = stripped(name)
    process = subprocess.Popen([path, "1000"], preexec_fn=cgroup)
    # At its hit it may not sleep yet.
    module.wait_for_dumps(1)
    reported()
    eventually(lambda: state_of(process.pid) == "S", "userstack asleep")
    module.dump_process(process.pid)
    kernel = oracles.kernel_stack(process.pid)
    chain = [oracles.command_line(pid) for pid in oracles.ancestry(process.pid)]
    alive = of_pid(reported(), process.pid)
    module.dump_process(process.pid)
    # Only now: it ends the system call in which the process sleeps.
    debugger = oracles.gdb(process.pid)
    aliases = oracles.dynamic_symbols("/lib/x86_64-linux-gnu/libc.so.6")
    process.kill()
    process.wait()
    dead = of_pid(reported(), process.pid)

    check_userstack(alive)
    assert alive.registers == debugger.registers
    assert [address for address, _ in alive.user] == [address for address, _ in debugger.frames]
    for (_, ours), (_, theirs) in zip(alive.user, debugger.frames):
        assert theirs is None or oracles.names_agree(ours, theirs, aliases), (ours, theirs)
    assert names(alive.kernel) == kernel
    assert alive.chain == chain
    assert (alive.state, alive.comm, alive.cgroup) == ("S", name, f"/{CGROUP}")
    dead.number = alive.number
    assert dead == alive


# ---- draining ----


def hit(module):
    """A dump with this process in it."""
    session = module.open()
    session.watch(Variable(151), 150)
    module.wait_for_dumps(1)
    session.close()


def test_an_empty_buffer_is_an_empty_report(module):
    done = ucli()
    assert (done.returncode, done.stdout) == (0, "")


def test_without_the_module_ucli_says_how_to_load_it():
    assert not is_loaded()
    done = ucli()
    assert (done.returncode, done.stdout) == (66, "")
    assert "insmod kmod/variable_monitor.ko" in done.stderr


def test_without_permission_ucli_says_so_and_drains_nothing(module):
    hit(module)
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    for mode in 0o600, 0o666:   # refused by the file system, and by the module
        os.chmod(abi.DEVICE, mode)
        done = ucli(*nobody)
        assert (done.returncode, done.stdout) == (77, "")
        assert "root" in done.stderr
    assert of_pid(reported(), os.getpid())


def test_a_report_that_cannot_be_written_stays_in_the_buffer(module):
    hit(module)
    before = module.open(os.O_RDONLY).records()
    with open("/dev/full", "w", encoding="ascii") as full:
        assert ucli(stdout=full, stderr=subprocess.DEVNULL).returncode not in (0, 66, 77)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody_reads:
        assert ucli(stdout=nobody_reads, stderr=subprocess.DEVNULL).returncode != 0
    assert module.open(os.O_RDONLY).records() == before
    assert of_pid(reported(), os.getpid())
    assert module.open(os.O_RDONLY).records() == []
