# SPDX-License-Identifier: Apache-2.0
"""The guest runner, seen from the host: what goes in, what comes out, what is left.

A boot takes seconds, so each is shared by as many tests as it can serve.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ALL_BYTES = bytes(range(256))


def words(command, *options, results=None, build=False):
    more = [] if build else ["--no-build"]
    more += ["--results", str(results)] if results else []
    return [str(PROJECT / "tools/vm"), *more, *options, "--", command]


def start(command, *options, env=None, **keywords):
    return subprocess.Popen(words(command, *options, **keywords), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)


class Ended:
    """A run that is over: its output, its exit status, and what it left behind."""

    def __init__(self, process, results):
        self.stdout, self.stderr = process.communicate()
        self.status = process.returncode
        self.out = results / "out"
        log = results / "kernel.log"
        self.log = log.read_text(errors="replace") if log.exists() else None


def run(command, *options, results, **keywords):
    return Ended(start(command, *options, results=results, **keywords), results)


def guests_of(results):
    """The process ids of emulators that belong to runs with these results."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"qemu-system" in line.split(b"\0")[0] and os.fsencode(str(results)) in line:
            found.append(int(process.name))
    return found


def wait_for(condition, what):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"waited in vain for {what}")


# ---- a command that goes well -------------------------------------------------


@pytest.fixture(scope="module")
def good():
    """One boot with the default results folder, and with the build before it."""
    results = PROJECT / "build/vm"
    (results / "out").mkdir(parents=True, exist_ok=True)
    (results / "out/stale").write_text("of an earlier run")
    script = r"""
        exec 2>/dev/stderr
        echo 'on stderr' >&2
        /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 20000)'
        {
            echo "folder=$PWD"
            echo "user=$(id -u)"
            echo "shell=$0"
            echo "stdin=$(readlink /proc/self/fd/0)"
            echo "ucli=$(command -v ucli)"
            echo "locale=$LANG"
            echo "release=$(uname -r)"
            echo "vermagic=$(modinfo -F vermagic kmod/variable_monitor.ko | cut -d ' ' -f 1)"
            echo "modules=$(cd kmod && find . -name '*.ko' | sort | tr '\n' ' ')"
            insmod kmod/variable_monitor.ko; echo "insmod=$?"
            echo "loaded=$(grep -c ^variable_monitor /proc/modules)"
            echo "cgroup=$(stat -fc %T /sys/fs/cgroup)"
            echo "loopback=$(cat /sys/class/net/lo/flags)"
            touch /usr/written-in-the-guest && echo "root=writable"
        } > $VM_OUT/facts
        mkdir $VM_OUT/deep
        printf '\0\377' > $VM_OUT/deep/bytes
        echo 'said at the end' > /dev/kmsg
        sleep 1000 &
        exit 37
    """
    run = Ended(start(script, build=True), results)
    if run.status != 37:
        pytest.fail(f"status {run.status}: {run.stderr.decode(errors='replace')}")
    return run


@pytest.fixture(scope="module")
def facts(good):
    return dict(line.split("=", 1) for line in (good.out / "facts").read_text().splitlines())


def test_stdout_comes_back_byte_for_byte_and_nothing_else(good):
    assert len(good.stdout) == len(ALL_BYTES) * 20000
    assert good.stdout == ALL_BYTES * 20000


def test_stderr_is_the_commands_and_nothing_else(good):
    assert good.stderr == b"on stderr\n"


def test_out_holds_what_the_command_wrote_and_nothing_of_before(good):
    assert (good.out / "deep/bytes").read_bytes() == b"\0\xff"
    assert not (good.out / "stale").exists()


def test_kernel_log_goes_from_first_line_to_after_the_command(good):
    assert "Linux version" in good.log.splitlines()[0]
    assert good.log.index("said at the end") < good.log.index("ended with status 37")


def test_environment(facts):
    assert facts["folder"] == str(PROJECT)
    assert facts["user"] == "0"
    assert facts["shell"].endswith("bash")
    assert facts["stdin"] == "/dev/null"
    assert facts["ucli"] == str(PROJECT / "build/ucli")
    assert facts["locale"] == "C.UTF-8"
    assert facts["cgroup"] == "cgroup2fs"
    assert int(facts["loopback"], 16) & 1, "lo is down"


def test_module_is_the_build_for_that_kernel(facts):
    assert facts["vermagic"] == facts["release"]
    assert facts["insmod"] == "0"
    assert facts["loaded"] == "1"


def test_every_module_that_was_built_is_at_its_source(facts):
    built = PROJECT / "build/kmod" / facts["release"]
    assert set(facts["modules"].split()) == {f"./{module.relative_to(built)}" for module in built.rglob("*.ko")}
    assert "./testing/" in facts["modules"]


def test_what_the_guest_writes_does_not_reach_the_machine(facts):
    assert facts["root"] == "writable"
    assert not Path("/usr/written-in-the-guest").exists()


# ---- splats -------------------------------------------------------------------


def test_splat_is_86_and_shown(tmp_path):
    done = run('echo "WARNING: CPU: 0 at made/up.c" > /dev/kmsg; echo fine', results=tmp_path)
    assert done.status == 86
    assert done.stdout == b"fine\n"
    assert b"splat" in done.stderr
    assert b"WARNING: CPU: 0 at made/up.c" in done.stderr


def test_allowed_splat_leaves_the_status_which_tells_the_signal(tmp_path):
    done = run('echo "BUG: made up" > /dev/kmsg; kill -SEGV $$', "--allow-splats", results=tmp_path)
    assert done.status == 128 + signal.SIGSEGV
    assert done.stderr == b""
    assert "BUG: made up" in done.log


def test_panic_is_86_even_where_splats_are_allowed(tmp_path):
    done = run("echo before; sync; echo c > /proc/sysrq-trigger; sleep 100", "--allow-splats", results=tmp_path)
    assert done.status == 86
    assert b"died before the command ended" in done.stderr
    assert "Kernel panic" in done.log


# ---- an end before the end ----------------------------------------------------


def test_timeout_ends_the_guest_and_keeps_what_there_is(tmp_path):
    # That a command is silent for longer is no hang.
    done = run("echo half > $VM_OUT/result; echo so far; sleep 1000", "--timeout", "80", "--hang", "40", results=tmp_path)
    assert done.status == 124
    assert done.stdout == b"so far\n"
    assert b"timeout" in done.stderr and b"80 s" in done.stderr
    assert b"hung" not in done.stderr
    assert (done.out / "result").read_text() == "half\n"
    assert "Linux version" in done.log
    assert guests_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_guest_outlives_its_runner(tmp_path, number):
    runner = start("sleep 1000", results=tmp_path)
    wait_for(lambda: guests_of(tmp_path), "the guest")
    runner.send_signal(number)
    _, stderr = runner.communicate()
    wait_for(lambda: not guests_of(tmp_path), "the guest's end")
    if number == signal.SIGKILL:
        assert runner.returncode == -signal.SIGKILL
    else:
        assert runner.returncode == 128 + number
        assert number.name.encode() in stderr
        assert not list(tmp_path.glob("run-*"))


def test_poweroff_by_the_command_is_no_success(tmp_path):
    done = run("echo b > /proc/sysrq-trigger; sleep 100", results=tmp_path)
    assert done.status == 70
    assert b"before the command ended" in done.stderr


# ---- a kernel that hangs before the command ------------------------------------


def emulator_that_hangs(folder, boots):
    """A folder for PATH, with an emulator whose first boots say a line and no more."""
    emulator = folder / "qemu-system-x86_64"
    emulator.write_text(f"""#!/bin/bash
        echo boot >> {folder}/boots
        [ $(wc -l < {folder}/boots) -gt {boots} ] && exec {shutil.which(emulator.name)} "$@"
        [[ "$*" =~ path=([^ ,]*/kernel.log) ]] && echo 'the first words' > "${{BASH_REMATCH[1]}}"
        exec sleep 1000
    """)
    emulator.chmod(0o755)
    return folder


def run_hanging(tmp_path, boots, *options):
    (tmp_path / "bin").mkdir()
    path = f"{emulator_that_hangs(tmp_path / 'bin', boots)}:{os.environ['PATH']}"
    results = tmp_path / "results"
    done = Ended(start("echo fine", *options, results=results, env={**os.environ, "PATH": path}), results)
    return done, len((tmp_path / "bin/boots").read_text().split())


def test_a_kernel_that_hangs_once_is_booted_anew_and_that_is_said(tmp_path):
    done, boots = run_hanging(tmp_path, 1, "--hang", "40")
    assert (done.status, boots) == (0, 2)
    assert done.stdout == b"fine\n"
    assert b"booted once more" in done.stderr and b"the first words" in done.stderr
    assert "Linux version" in done.log and "the first words" not in done.log


def test_a_kernel_that_hangs_twice_is_70(tmp_path):
    done, boots = run_hanging(tmp_path, 2, "--hang", "2")
    assert (done.status, boots) == (70, 2)
    assert done.stdout == b""
    assert b"tools/vm: the kernel hung before the command started\n" in done.stderr


# ---- two runs at once ---------------------------------------------------------


def test_two_runs_at_once_keep_apart(tmp_path):
    # What a killed run left behind is cleared away, that of a living one is not.
    (tmp_path / "run-left-over").mkdir()
    script = "for i in $(seq 200); do echo {0}; echo {0} >> $VM_OUT/{0}; done; exit {1}"
    pair = [start(script.format(name, status), results=tmp_path) for name, status in (("one", 11), ("two", 12))]
    one, two = (Ended(process, tmp_path) for process in pair)
    assert (one.status, two.status) == (11, 12)
    assert one.stdout == b"one\n" * 200
    assert two.stdout == b"two\n" * 200
    # The results are those of one of them, whole.
    (left,) = one.out.iterdir()
    assert left.read_text() == f"{left.name}\n" * 200
    log = (tmp_path / "kernel.log").read_text(errors="replace")
    assert f"ended with status {11 if left.name == 'one' else 12}" in log
    assert not list(tmp_path.glob("run-*"))


# ---- usage --------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--"],
        ["uname"],
        ["--unknown", "--", "true"],
        ["--cpus", "0", "--", "true"],
        ["--cpus", "two", "--", "true"],
        ["--memory", "lots", "--", "true"],
        ["--timeout", "-1", "--", "true"],
        ["--icount", "--cpus", "2", "--", "true"],
        ["--kernel", "no-such-kernel", "--", "true"],
        ["--kernel", "/usr", "--", "true"],
        ["--kernel", "newest", "--", "true"],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_wrong_usage_is_64_with_a_message(arguments, tmp_path):
    options = ["--results", str(tmp_path)] if "--kernel" in arguments else []
    done = subprocess.run([PROJECT / "tools/vm", *options, *arguments], capture_output=True, text=True)
    assert done.returncode == 64
    assert done.stdout == ""
    assert re.search(r"^tools/(vm|kernel): .", done.stderr, re.MULTILINE)


def test_help_shows_every_option_and_examples():
    done = subprocess.run([PROJECT / "tools/vm", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    for option in ("--kernel", "--icount", "--cpus", "--memory", "--timeout", "--allow-splats", "$VM_OUT", "examples:"):
        assert option in done.stdout
