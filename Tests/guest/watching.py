# SPDX-License-Identifier: Apache-2.0
"""`ucli watch` as it runs, and programs that know nothing of it."""

import contextlib
import signal
import subprocess
import tempfile
import threading

from subjects import read_proc


class Subject:
    """A program that does as it is told, a line at a time."""

    def __init__(self, *words):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, line):
        """The line with which it answers."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer
        return answer

    def end(self, line=""):
        """Gives it its last line; its exit status."""
        self.process.stdin.write(line)
        self.process.stdin.close()
        return self.process.wait()


@contextlib.contextmanager
def never_held(pid):
    """Looks again and again whether a debugger has the process, or it is stopped."""
    found, done = set(), threading.Event()

    def look():
        while not done.wait(0.005):
            lines = [line.split(":\t", 1) for line in read_proc(pid, "status").splitlines() if ":\t" in line]
            status = dict(lines)
            found.add((status["TracerPid"], status["State"][0] in "tT"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert found == {("0", False)}


class Watching:
    """ucli watch, from the moment at which its watch runs."""

    def __init__(self, *options, **keywords):
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["ucli", "watch", *map(str, options)], stdout=self.output, stderr=subprocess.PIPE, text=True,
            **{"stdin": subprocess.DEVNULL, **keywords})
        self.notes = []
        self.wait_for("watching ")

    def wait_for(self, text):
        """Its next note that holds a text."""
        for line in self.process.stderr:
            self.notes.append(line)
            if text in line:
                return line
        raise AssertionError(f"no {text!r} in {self.notes}")

    def end(self, number=signal.SIGINT):
        """Ends it by a signal, or waits for its end; exit status, report and notes."""
        if number:
            self.process.send_signal(number)
        self.notes += self.process.stderr.readlines()
        status = self.process.wait()
        self.output.seek(0)
        return status, self.output.read(), "".join(self.notes)
