# SPDX-License-Identifier: Apache-2.0
"""tools/scenario-table: the table is good only if every scenario passed on every kernel."""

import re
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/scenario-table"

GOOD, BAD, BROKEN, OFF = "", "<failure/>", "<error/>", '<skipped message="no such pages"/>'


def report(folder, kernel, *cases):
    """A JUnit report of (scenario or None, outcome); the tool's argument for it."""
    tests = "".join(f"<testcase>{properties(scenario, outcome)}</testcase>" for scenario, outcome in cases)
    (folder / kernel).write_text(f"<testsuites><testsuite>{tests}</testsuite></testsuites>")
    return f"{kernel}={folder / kernel}"


def properties(scenario, outcome):
    named = f'<property name="scenario" value="{scenario}"/>' if scenario else ""
    return f"<properties>{named}</properties>{outcome}"


@pytest.fixture
def table(tmp_path):
    """Runs the tool with a list of these lines: its rows, in which a cell of two words is one, and its exit status."""
    def run(*arguments, listed=("fork",)):
        (tmp_path / "list").write_text("".join(f"{line}\n" for line in ("# a comment", *listed)))
        done = subprocess.run([TOOL, "--scenarios", tmp_path / "list", *arguments], capture_output=True, text=True)
        return [re.split("  +", line) for line in done.stdout.splitlines()], done.returncode

    return run


def test_all_passed_on_all_kernels_is_success(tmp_path, table):
    cases = [("fork", GOOD), ("munmap", GOOD), ("fork", GOOD), (None, BAD)]
    reports = report(tmp_path, "5.10", *cases), report(tmp_path, "6.12", *cases)
    assert table(*reports, listed=["fork", "munmap"]) == (
        [["scenario", "5.10", "6.12"], ["fork", "passed", "passed"], ["munmap", "passed", "passed"]], 0)


@pytest.mark.parametrize("outcomes, shown", [
    ([GOOD, BAD], "FAILED"), ([BROKEN, GOOD], "FAILED"), ([OFF, BAD], "FAILED"),
    ([GOOD, OFF], "skipped"), ([], "missing"),
])
def test_a_scenario_is_as_good_as_its_worst_test(tmp_path, table, outcomes, shown):
    good = report(tmp_path, "stock", ("fork", GOOD))
    other = report(tmp_path, "rt", *(("fork", outcome) for outcome in outcomes))
    assert table(good, other) == ([["scenario", "stock", "rt"], ["fork", "passed", shown]], 1)


def test_a_report_that_cannot_be_read_has_passed_nothing(tmp_path, table):
    good = report(tmp_path, "stock", ("fork", GOOD))
    (tmp_path / "torn").write_text("<testsuites><testsuite>")
    for file in "torn", "none":
        assert table(good, f"rt={tmp_path / file}") == ([["scenario", "stock", "rt"], ["fork", "passed", "missing"]], 1)


def test_reports_without_any_scenario_are_no_success(tmp_path, table):
    assert table(report(tmp_path, "stock", (None, GOOD)), listed=[]) == ([["scenario", "stock"]], 1)


def test_a_scenario_that_disappeared_everywhere_is_missing(tmp_path, table):
    files = [report(tmp_path, kernel, ("fork", GOOD)) for kernel in ("5.10", "rt")]
    assert table(*files, listed=["exec", "fork"]) == (
        [["scenario", "5.10", "rt"], ["exec", "missing", "missing"], ["fork", "passed", "passed"]], 1)


def test_a_scenario_that_is_not_listed_is_no_success(tmp_path, table):
    """Or nobody would miss it later."""
    assert table(report(tmp_path, "rt", ("fork", GOOD), ("exec", GOOD))) == (
        [["scenario", "rt"], ["fork", "passed"], ["exec", "passed"]], 1)


@pytest.mark.parametrize("listed, outcomes, shown, status", [
    ("fork [not applicable on 5.10 rt]", [OFF, GOOD, OFF], "not applicable: no such pages", 0),
    ("fork [not applicable on 5.10 rt]", [OFF, BAD], "FAILED", 1),
    ("fork [not applicable on 5.10 rt]", [GOOD], "passed", 0),
    ("fork [not applicable on 5.10 rt]", [], "missing", 1),
    ("fork [not applicable on 5.10]", [OFF, GOOD], "skipped", 1),
])
def test_a_scenario_may_be_not_applicable_where_the_list_says_so(tmp_path, table, listed, outcomes, shown, status):
    good = report(tmp_path, "stock", ("fork", GOOD))
    other = report(tmp_path, "rt", *(("fork", outcome) for outcome in outcomes))
    assert table(good, other, listed=[listed]) == ([["scenario", "stock", "rt"], ["fork", "passed", shown]], status)


@pytest.mark.parametrize("arguments", [[], ["stock"], ["stock="], ["=file"]])
def test_wrong_usage_is_told(table, arguments):
    assert table(*arguments) == ([], 64)
