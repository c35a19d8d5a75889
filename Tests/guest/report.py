# SPDX-License-Identifier: Apache-2.0
"""The grammar of ucli's default report, byte for byte in its fixed parts."""

import re
import subprocess
from types import SimpleNamespace

NAME = r"(?P<name>\S+)"
NO_ADDRESS = "0xffffffffffffff"     # 14 f's
HEAD = re.compile(r"##CGROUP:\[(?P<cgroup>.*)\]  (?P<pid>\d+)      \[(?P<number>\d+)\]  采样命中\[(?P<state>[A-Za-z])\]")
PROCESS = re.compile(r"    进程信息: \[(?P<cgroup>.*) / (?P<comm>.*)\], PID: (?P<tgid>\d+) / (?P<pid>\d+)")
USER = re.compile(r"##C\+\+ pid (?P<pid>\d+)")
REGISTERS = re.compile(r"    用户态堆栈SP:(?P<sp>[0-9a-f]+), BP:(?P<bp>[0-9a-f]+), IP:(?P<ip>[0-9a-f]+)")
USER_FRAME = re.compile(rf"#~        0x(?P<address>[0-9a-f]+) {NAME} \(\[symbol\]\)")
KERNEL = "    内核态堆栈:"
KERNEL_FRAME = re.compile(rf"#@        0x(?P<address>[0-9a-f]+) {NAME} \(\[kernel\.kallsyms\]\)")
COMM = re.compile(rf"#\*        {NO_ADDRESS} (?P<comm>.*) \(UNKNOWN\)")
CHAIN = "    进程链信息:"
ANCESTOR = re.compile(rf"#\^        {NO_ADDRESS} (?P<command>.*) \(UNKNOWN\)")
END = "##"


class Lines:
    """The lines that are left."""

    def __init__(self, text):
        assert not text or text.endswith("\n")
        self.lines = text.split("\n")[:-1]
        self.lines.reverse()

    def __bool__(self):
        return bool(self.lines)

    def match(self, pattern):
        found = self.lines and pattern.fullmatch(self.lines[-1])
        if found:
            self.lines.pop()
        return found

    def expect(self, pattern):
        found = self.match(pattern)
        assert found, f"{self.lines[-1:]} is no {pattern.pattern}"
        return SimpleNamespace(**found.groupdict())

    def expect_text(self, text):
        self.expect(re.compile(re.escape(text)))

    def every(self, pattern):
        found = []
        while match := self.match(pattern):
            found.append(match)
        return found


def _frames(matches):
    return [(int(match["address"], 16), match["name"]) for match in matches]


def _task(lines):
    head = lines.expect(HEAD)
    process = lines.expect(PROCESS)
    assert (process.pid, process.cgroup) == (head.pid, head.cgroup)
    task = SimpleNamespace(
        pid=int(head.pid), tgid=int(process.tgid), number=int(head.number), state=head.state,
        cgroup=head.cgroup, comm=process.comm, registers=None, user=[])
    if user := lines.match(USER):
        assert int(user["pid"]) == task.tgid
        task.registers = {name: int(value, 16) for name, value in vars(lines.expect(REGISTERS)).items()}
        task.user = _frames(lines.every(USER_FRAME))
        assert task.user
    lines.expect_text(KERNEL)
    task.kernel = _frames(lines.every(KERNEL_FRAME))
    assert lines.expect(COMM).comm == task.comm
    lines.expect_text(CHAIN)
    task.chain = [match["command"] for match in lines.every(ANCESTOR)]
    assert task.chain
    lines.expect_text(END)
    return task


def parse(text):
    """The tasks of a report; fails at the first line that is not as it must be."""
    lines, tasks = Lines(text), []
    while lines:
        tasks.append(_task(lines))
        # They are numbered within their dump.
        assert tasks[-1].number in (1, tasks[-2].number + 1 if len(tasks) > 1 else 1)
    return tasks


def ucli(*words, **keywords):
    """A run of ucli, as it ended."""
    return subprocess.run([*words, "ucli"], capture_output=not keywords, encoding="utf-8", **keywords)


def reported():
    """The tasks that ucli reports now."""
    done = ucli()
    assert done.returncode == 0, done.stderr
    return parse(done.stdout)


def of_pid(tasks, pid):
    [task] = [task for task in tasks if task.pid == pid]
    return task


def names(frames):
    return [name for _, name in frames]
