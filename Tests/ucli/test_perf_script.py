# SPDX-License-Identifier: Apache-2.0
"""Stacks of profiles against what perf, with libunwind, says of the same: every frame of programs of many kinds."""

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from conftest import PROJECT
from eventually import eventually
from perf_script import NOWHERE, STACK, has_table, perf_stacks, place, stacks, symbols

SOURCES, PROGRAMS = PROJECT / "Tests/programs", PROJECT / "build/programs"
PAUSE = ("34", "29")  # of 64 and of 32 bits
EVERY_SWITCH = ["-e", "context-switches", "-c", "1", "--call-graph", "dwarf,65528", "-m", "16M"]

# Why a stack has more frames than perf's.
NO_TABLE = "perf's last frame is in a file without .eh_frame_hdr"
LOST_POINTER = "perf follows frame pointers where there is no other information, and loses the stack pointer"
LOST_WAY = "perf takes a word for a caller, now and then, that points to the stack, where there is no code"
NO_WALK = "perf shows nothing of code of 32 bits, or without a copy of the stack; ucli where it was"

# Why a stack has one frame less.
TWICE = "perf has a frame twice, now and then"

# How a name differs from perf's for the same function.
VERSION = "perf shows the version of a library's symbol"
ALIAS = "two names of one address"
BLANKS = "a name of ucli is one word"
PART = "perf drops what a compiler put behind the name of a part of a function"
OUTER = "perf shows the parameters of a function in which another one lies"
MANGLED = "perf does not demangle Swift"
STUB = "perf does not say what a stub of the linkage table calls"

# How many frames the deepest stack has at least, and what differs from perf.
EXPECTED = {
    "pie": (67, set()),
    "no-pie": (67, set()),
    "noseparate-code": (67, set()),
    "stripped": (67, set()),
    "lld": (67, set()),
    "static": (67, {NO_TABLE}),
    "static-pie": (67, set()),
    "no-unwind-tables": (67, {LOST_POINTER}),
    "handler": (9, set()),
    "handler-alternate": (3, set()),
    "frames": (13, set()),
    "noreturn": (7, set()),
    "exceptions": (14, {PART}),
    "rust": (30, {BLANKS}),
    "go": (40, {NO_TABLE}),
    "swift": (26, {MANGLED}),
    "swift-lld": (86, {MANGLED}),
    "swift-async": (10, {MANGLED}),
    "python": (60, set()),
    "32-bit": (1, {NO_WALK}),
}
# The C library's, which depend on whether its symbols for debugging are installed; and what depends on where
# threads were when they lost their CPU before. A new one has nothing on its stack yet.
INCIDENTAL = {ALIAS, VERSION, STUB, NO_WALK, LOST_WAY, TWICE, BLANKS, OUTER}


@pytest.fixture(scope="session")
def missing():
    """Of programs that cannot be built here, what the script says of them."""
    output = subprocess.run([SOURCES / "build"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line.split(":")[0]: line for line in output.splitlines()}


def recorded(command, path):
    """Records a program at each moment when it is taken off its CPU, until it has stopped deep in its calls."""
    perf = subprocess.Popen(["perf", "record", "-q", *EVERY_SWITCH, "-o", path, "--", *command],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    child = eventually(lambda: next(filter(is_stopped, children(perf.pid)), None), f"{command} stops")
    os.kill(child, signal.SIGKILL)
    perf.wait(timeout=30)
    return path


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_stopped(pid):
    """Whether a thread of a process waits in pause(2)."""
    try:
        return any(call.read_text().split()[0] in PAUSE for call in Path(f"/proc/{pid}/task").glob("*/syscall"))
    except OSError:
        return False


def why_deeper(theirs, ours, end):
    if not theirs:
        assert len(ours) == 1
        return NO_WALK
    if end and end.file == STACK:
        return LOST_WAY
    if not has_table(theirs[-1].file):
        return NO_TABLE
    assert end, f"no reason for frames beyond perf's: {theirs[-1]} {ours[len(theirs):]}"
    return LOST_POINTER


@cache
def demangled(name):
    """A Swift symbol in the words of the compiler's own tool."""
    tool = shutil.which("swift-demangle") or "/opt/swift/usr/bin/swift-demangle"
    return subprocess.run([tool, "--compact", name], check=True, capture_output=True, text=True).stdout


def one_word(name):
    """A name as reports show it: blanks are left out next to punctuation, and underscores between words."""
    name = re.sub(r"(^|::)\(anonymous namespace\)", r"\1(anonymous)", name)       # not so within template arguments
    return re.sub(r"(?<=[,<(]) | (?=[ >),])", "", name).replace(" ", "_")


def why_named_otherwise(theirs, ours):
    """None if they have the same name."""
    name = theirs.name.split("@")[0]
    if ours.name == theirs.name:
        return None
    if ours.name == name:
        return VERSION
    if ours.name == one_word(name):
        return BLANKS
    if ours.name == one_word(re.sub(r"\((?!anonymous namespace\))[^()]*\)(?=::)", "", theirs.name)):
        return OUTER
    if ours.name.startswith(name + "."):
        return PART
    if name.startswith("$s"):
        assert set(re.findall(r"\w+", ours.name)) <= set(re.findall(r"\w+", demangled(name))), (theirs, ours)
        return MANGLED
    if not name and ours.name.endswith("@plt"):
        return STUB
    known = symbols(ours.file)
    assert known[ours.name] == known[name], (theirs, ours)
    return ALIAS


def place_of_repeat(theirs, ours):
    """Where perf alone has a frame again that it has just had; None if nowhere. In a recursion there are more of them."""
    addresses = [frame.address for frame in theirs.user]
    for depth in range(1, len(addresses)):
        if addresses[depth] == addresses[depth - 1] and addresses.count(addresses[depth]) == 2:
            our = ours.user[depth:depth + 1]
            if not our or place(our[0].address - 1, theirs.mappings) != addresses[depth]:
                return depth
    return None


def compare(theirs, ours, differences):
    """Two stacks of one sample: all that perf has, and where more or others, counted why."""
    assert [frame.address for frame in ours.kernel] == [frame.address for frame in theirs.kernel]
    frames, end = list(theirs.user), None
    repeat = place_of_repeat(theirs, ours)
    if repeat:
        del frames[repeat]
        differences[TWICE] += 1
    while frames and (frames[-1].address == NOWHERE or frames[-1].file == STACK):
        end = frames.pop()
    assert len(ours.user) >= len(frames), f"perf has more: {frames[len(ours.user):]}"
    if len(ours.user) > len(frames):
        differences[why_deeper(frames, ours.user, end)] += 1
    # What was stopped is where it is. Of callers perf shows the byte before the return address.
    before = 0
    for depth, (their, our) in enumerate(zip(frames, ours.user)):
        message = f"frame {depth}: perf has {their}, ucli {our}"
        assert place(our.address - before, theirs.mappings) == their.address, message
        if their.name and our.name:
            assert our.offset - before == their.offset, message
            differences[why_named_otherwise(their, our)] += 1
        else:
            # The handler's way back has no symbol with a size, which perf wants.
            assert not their.name and our.name in (None, "__restore_rt"), message
        before = 0 if our.name == "__restore_rt" else 1


def compare_profile(ucli, profile):
    """How deep the deepest stack is, and the differences, counted by reason."""
    result = ucli("report", "--perf-data", profile, "--format", "perf")
    assert result.returncode == 0
    ours, theirs = stacks(result.stdout), perf_stacks(profile)
    assert [(stack.tid, stack.time) for stack in ours] == [(stack.tid, stack.time) for stack in theirs]

    differences = Counter()
    for their, our in zip(theirs, ours):
        compare(their, our, differences)
    print(f"{len(ours)} stacks, {sum(len(stack.user) for stack in ours)} frames")
    for reason, count in differences.items():
        print(f"{count} {reason or 'same names'}")
    return max(len(stack.user) for stack in ours), set(differences) - {None}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_stack_is_that_of_perf(ucli, missing, tmp_path, name):
    if name in missing:
        pytest.skip(missing[name])
    command = ["/usr/bin/python3", SOURCES / "deep.py"] if name == "python" else [PROGRAMS / name]
    frames, expected = EXPECTED[name]
    # Now and then a page of a stack is not in memory when the kernel copies it. Then the stack ends there, perf's too.
    for _ in range(4):
        depth, found = compare_profile(ucli, recorded(command, tmp_path / "perf.data"))
        if depth >= frames:
            break
    assert depth >= frames
    assert expected <= found <= expected | INCIDENTAL


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts are root's")
@pytest.mark.parametrize("system", ["tmpfs", "overlay -o lowerdir=lower,upperdir=upper,workdir=work"])
def test_files_in_a_container_are_found_while_it_lives(ucli, missing, tmp_path, system):
    """The machine has nothing under the program's path. Without the file's rules nothing is unwound, either."""
    inside, profile = tmp_path / "inside", tmp_path / "perf.data"
    for folder in ("inside", "lower", "upper", "work"):
        (tmp_path / folder).mkdir()
    mount = (f"cd {tmp_path} && mount -t {system} none {inside} && "
             f"cp {PROGRAMS}/pie {inside}/ && exec {inside}/pie")
    # perf ends with the shell, and the program goes on.
    perf = subprocess.Popen(["perf", "record", "-q", *EVERY_SWITCH, "-o", profile, "--",
                             "sh", "-c", f"unshare -m sh -c '{mount}' & read line"], stdin=subprocess.PIPE)
    program = eventually(lambda: next((pid for shell in children(perf.pid) for pid in children(shell)
                                       if is_stopped(pid)), None), "the program stops")
    try:
        perf.communicate(timeout=30)

        def names():
            text = ucli("report", "--perf-data", profile, "--format", "perf").stdout
            return [[frame.name for frame in stack.user] for stack in stacks(text)]

        assert not (inside / "pie").exists()
        deepest = max(names(), key=len)
        assert len(deepest) == 67 and deepest[1:7] == ["stop", "first", "third", "second", "first", "third"]
    finally:
        os.kill(program, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{program}").exists(), "the program is gone")
    assert not any("first" in stack for stack in names())
