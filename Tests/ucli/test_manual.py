# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions: others can read them, and they have what the help has."""

import re
import subprocess

import pytest

from conftest import PROJECT
from test_usage import SUBCOMMANDS, help_of

PAGES = ["ucli", *(f"ucli.{name}" for name in SUBCOMMANDS)]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=1200)


@pytest.fixture(scope="module")
def made():
    """The folder of what make makes."""
    output("make", "-C", PROJECT, "man", "completions")
    return PROJECT / "build"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_mistake_and_the_examples_of_the_help(made, ucli, page):
    path = made / f"man/{page}.1"
    assert output("groff", "-mandoc", "-Tutf8", "-ww", "-z", path).stderr == ""
    shown = [line.strip() for line in output("groff", "-mandoc", "-Tascii", "-P-cbou", path).stdout.splitlines()]
    examples = re.findall("^    (.*)$", help_of(ucli, page.partition(".")[2]), re.MULTILINE)
    assert examples and set(examples) <= set(shown)


def test_completions_are_bash(made):
    script = made / "completions/ucli.bash"
    assert output("bash", "-n", script).stderr == ""
    listed = output("bash", "-c", 'source "$1"; COMP_WORDS=(ucli st); COMP_CWORD=1; _ucli; echo "${COMPREPLY[@]}"', "bash",
                    script).stdout
    assert "status" in listed.split()
