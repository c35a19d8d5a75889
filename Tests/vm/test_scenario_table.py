# SPDX-License-Identifier: Apache-2.0
"""tools/scenario-table: the table is good only if every scenario passed on every kernel."""

import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/scenario-table"

GOOD, BAD, BROKEN, OFF = "", "<failure/>", "<error/>", "<skipped/>"


def report(folder, kernel, *cases):
    """A JUnit report of (scenario or None, outcome); the tool's argument for it."""
    tests = "".join(
        f"<testcase>{named(scenario) if scenario else ''}{outcome}</testcase>" for scenario, outcome in cases)
    (folder / kernel).write_text(f"<testsuites><testsuite>{tests}</testsuite></testsuites>")
    return f"{kernel}={folder / kernel}"


def named(scenario):
    return f'<properties><property name="scenario" value="{scenario}"/></properties>'


def table(*arguments):
    """Rows of words, and the exit status."""
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True)
    return [line.split() for line in done.stdout.splitlines()], done.returncode


def test_all_passed_on_all_kernels_is_success(tmp_path):
    cases = [("fork", GOOD), ("munmap", GOOD), ("fork", GOOD), (None, BAD)]
    assert table(report(tmp_path, "5.10", *cases), report(tmp_path, "6.12", *cases)) == (
        [["scenario", "5.10", "6.12"], ["fork", "passed", "passed"], ["munmap", "passed", "passed"]], 0)


@pytest.mark.parametrize("outcomes, shown", [
    ([GOOD, BAD], "FAILED"), ([BROKEN, GOOD], "FAILED"), ([OFF, BAD], "FAILED"),
    ([GOOD, OFF], "skipped"), ([], "missing"),
])
def test_a_scenario_is_as_good_as_its_worst_test(tmp_path, outcomes, shown):
    good = report(tmp_path, "stock", ("fork", GOOD))
    other = report(tmp_path, "rt", *(("fork", outcome) for outcome in outcomes))
    assert table(good, other) == ([["scenario", "stock", "rt"], ["fork", "passed", shown]], 1)


def test_a_report_that_cannot_be_read_has_passed_nothing(tmp_path):
    good = report(tmp_path, "stock", ("fork", GOOD))
    (tmp_path / "torn").write_text("<testsuites><testsuite>")
    for file in "torn", "none":
        assert table(good, f"rt={tmp_path / file}") == ([["scenario", "stock", "rt"], ["fork", "passed", "missing"]], 1)


def test_reports_without_any_scenario_are_no_success(tmp_path):
    assert table(report(tmp_path, "stock", (None, GOOD))) == ([["scenario", "stock"]], 1)


@pytest.mark.parametrize("arguments", [[], ["stock"], ["stock="], ["=file"]])
def test_wrong_usage_is_told(arguments):
    assert table(*arguments) == ([], 64)
