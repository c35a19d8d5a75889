# SPDX-License-Identifier: Apache-2.0
"""What scripts that collapse stacks make of our text, in our own words: which lines they take."""

import re
from collections import Counter

# No package of Debian or PyPI has stackcollapse-perf.pl. Its rules: a header line has a name, pid or pid/tid, and a time; a frame line an
# address, a function and a module in parentheses; an empty line ends the stack; `#` is a comment.
HEADER = re.compile(r"^(\S.+?)\s+(\d+)/?(\d+)?\s+")
EVENT = re.compile(r":\s*(\d+)?\s+(\S+):\s*$")
FRAME = re.compile(r"^\s*(\w+)\s*(.+) \((.*)\)$")


def collapse_perf(text):
    """Folded stacks, root first, by their count."""
    stacks, name, frames = Counter(), None, []
    for line in text.split("\n"):
        if line.startswith("#"):
            continue
        if not line.strip():
            if name is not None:
                stacks[";".join([name, *reversed(frames)])] += 1
            name, frames = None, []
        elif name is not None and (match := FRAME.match(line)):
            function = re.sub(r"\+0x[0-9a-f]+$", "", match[2])
            if function == "[unknown]":
                module = match[3].rpartition("/")[2]
                function = "[unknown]" if module == "[unknown]" else f"[{module.strip('[]')}]"
            frames.append(function.replace(";", ":"))
        elif match := HEADER.match(line):
            assert EVENT.search(line), line
            name = match[1].replace(" ", "_")
        else:
            raise AssertionError(f"neither header nor frame: {line!r}")
    return stacks


# The collapse scripts of the earlier tool: lines by their tag, leaf first, in the order of the
# report; the name of the task and a bare `##` end a stack. They know `function (module)` behind an address.
TAGGED = re.compile(r"^#[~@*]\s+0x([0-9a-f]+) (.+) \(([^()]*)\)$")


def collapse_default(text):
    stacks, frames = Counter(), []
    for line in text.split("\n"):
        if line == "##":
            stacks[";".join(reversed(frames))] += 1
            frames = []
        elif line.startswith(("#~", "#@", "#*")):
            frames.append(TAGGED.match(line)[2])
    return stacks
