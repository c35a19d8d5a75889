# SPDX-License-Identifier: Apache-2.0
"""What others say about the same process: gdb, the kernel's /proc, readelf."""

import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

from subjects import read_proc

GDB_SCRIPT = Path(__file__).resolve().parent / "gdb_frames.py"


def gdb(pid):
    """Registers sp, bp, ip of a process's main thread, and its frames as (address, name or None)."""
    output = subprocess.run(
        # Without other files of symbols: what is installed on a machine must not matter. gdb would demangle
        # all names of a program before it is asked for one.
        ["gdb", "-nx", "-batch", "-iex", "set debug-file-directory /nonexistent", "-iex", "set auto-load no",
         "-iex", "set demangle-style none",
         "-p", str(pid), "-ex", "set backtrace past-main on", "-x", GDB_SCRIPT],
        check=True, capture_output=True, text=True).stdout
    lines = [line.split()[1:] for line in output.splitlines() if line.startswith("oracle: ")]
    registers = dict(zip(("sp", "bp", "ip"), (int(word, 16) for word in lines[0])))
    frames = [(int(address, 16), None if name == "None" else name.split("@")[0]) for address, name in lines[1:]]
    assert frames, output
    return SimpleNamespace(registers=registers, frames=frames)


def dynamic_symbols(path):
    """Name to address in a file's dynamic symbol table: names of one address are aliases."""
    output = subprocess.run(["readelf", "--wide", "--dyn-syms", path],
                            check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^ *\d+: ([0-9a-f]+) +\S+ FUNC .* (\S+)$", output, re.MULTILINE)
    return {name.split("@")[0]: int(address, 16) for address, name in found}


def names_agree(ours, theirs, aliases):
    """Whether a name of the report and one of gdb, which does not demangle Swift, are one function's."""
    if ours == theirs or ours in aliases and aliases[ours] == aliases.get(theirs):
        return True
    return theirs.startswith("$s") and all(f"{len(part)}{part}" in theirs for part in ours.split("."))


def kernel_stack(pid):
    """Names of the kernel's own stack trace of a sleeping task."""
    return re.findall(r"^\[<0>\] ([^+\n]+)\+", read_proc(pid, "stack"), re.MULTILINE)


def parent_of(pid):
    return int(read_proc(pid, "stat").rpartition(")")[2].split()[1])


def ancestry(pid):
    """The process and its ancestors, at most 10 of these."""
    found = []
    while pid and len(found) < 11:
        found.append(pid)
        pid = parent_of(pid)
    return found


def command_line(pid):
    """A process's command line as one line of printable text."""
    words = read_proc(pid, "cmdline")[:4096].removesuffix("\0").split("\0")
    return re.sub(r"[\x00-\x1f\x7f]", "?", " ".join(words))


def executable_mappings(pid):
    """start, end, offset, major, minor, inode, path of each; the kernel's gate page is no mapping."""
    found = []
    for line in read_proc(pid, "maps").splitlines():
        match = re.fullmatch(r"(\w+)-(\w+) ..x. (\w+) (\w+):(\w+) (\d+) *(.*)", line)
        if match and match[7] != "[vsyscall]":
            found.append((*(int(match[field], 16) for field in range(1, 6)), int(match[6]), match[7]))
    return found


def build_id(path):
    output = subprocess.run(["readelf", "--notes", path], check=True, capture_output=True, text=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", output)[1]
