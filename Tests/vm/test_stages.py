# SPDX-License-Identifier: Apache-2.0
"""tools/test: a test run must not look good unless tests ran and all passed."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/test"

JUNIT = """<testsuites><testsuite>
  <testcase name="good"/>
  <testcase classname="Tests.a" name="bad"><failure/><failure/></testcase>
  <testcase classname="Tests.a" name="broken"><error/></testcase>
  <testcase name="off"><skipped>why</skipped></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """tools/test as a module, with one stage that a test fills in."""
    loader = importlib.machinery.SourceFileLoader("stages", str(TOOL))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("stages", loader))
    monkeypatch.setitem(__import__("sys").modules, "stages", module)
    loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    return module


def run(tool, monkeypatch, script, result):
    """The last line and the exit status of a run whose only stage is SCRIPT."""
    stage = tool.Stage("one", ["bash", "-c", script], tool.LOGS / result)
    monkeypatch.setattr(tool, "STAGES", {"one": stage})
    return tool.main([])


# What a stage's script prints or writes ($0 is its folder), into which file, the run's last line and its status.
CASES = {
    "good": ("echo '3 passed, 0 failed'", "one.log", "3 passed, 0 failed", 0),
    "sum": ("echo '3 passed, 0 failed'; echo '2 passed, 1 failed'; exit 1", "one.log", "5 passed, 1 failed", 1),
    # Good news from a runner that failed all the same.
    "status alone": ("echo '3 passed, 0 failed'; exit 86", "one.log", "3 passed, 1 failed", 1),
    "summary alone": ("echo '3 passed, 2 failed'", "one.log", "3 passed, 2 failed", 1),
    "no test": ("echo '0 passed, 0 failed'", "one.log", "0 passed, 1 failed", 1),
    "no summary": ("echo 'all is well'", "one.log", "0 passed, 1 failed", 1),
    "no report": ("true", "one.xml", "0 passed, 1 failed", 1),
    "damaged report": ("echo '<testsuites>' > $0/one.xml", "one.xml", "0 passed, 1 failed", 1),
    "empty report": ("echo '<testsuites/>' > $0/one.xml", "one.xml", "0 passed, 1 failed", 1),
    "report": (f"echo '{JUNIT}' > $0/one.xml; exit 1", "one.xml", "1 passed, 2 failed, 1 skipped", 1),
}


@pytest.mark.parametrize(("script", "result", "last", "status"), CASES.values(), ids=CASES.keys())
def test_verdict(tool, monkeypatch, capfd, script, result, last, status):
    script = script.replace("$0", str(tool.LOGS))
    assert run(tool, monkeypatch, script, result) == status
    assert capfd.readouterr().out.splitlines()[-1] == last


SCENARIO = "a scenario that fails"
BAD_SCENARIO = ('<testcase classname="Tests.guest.test_a" name="{name}"><properties><property name="scenario" '
                'value="fork"/></properties><failure/></testcase>')


def report(**outcomes):
    """A JUnit report of tests in Tests/guest/test_a.py: each is good, or tells what it is."""
    cases = (f'<testcase classname="Tests.guest.test_a" name="{name}">{outcome and f"<{outcome}/>"}</testcase>'
             if outcome != SCENARIO else BAD_SCENARIO.format(name=name) for name, outcome in outcomes.items())
    return f"<testsuite>{''.join(cases)}</testsuite>"


def writes(text, file, status):
    return ["bash", "-c", f"cat > {file} <<'END'\n{text}\nEND\nexit {status}"]


BAD = "failure"
MANY = dict.fromkeys("bcdefg", BAD)
# What the first and the second run of a guest's stage say, and their exit statuses; what it
# comes to, and how many tests passed only when run again.
SECOND_CHANCES = {
    "passes then": (report(a="", b=BAD), 1, report(b=""), 0, "2 passed, 0 failed", 1),
    "fails again": (report(a="", b=BAD), 1, report(b=BAD), 1, "1 passed, 1 failed", 0),
    "one of two": (report(b=BAD, c=BAD), 1, report(b=BAD, c=""), 1, "1 passed, 1 failed", 1),
    "left something behind": (report(a="", b="error"), 1, report(b=""), 0, "1 passed, 1 failed", 0),
    "beside such a one": (report(a="error", b=BAD), 1, report(b=""), 0, "1 passed, 1 failed", 1),
    "scenario": (report(a="", b=SCENARIO), 1, report(b=""), 0, "1 passed, 1 failed", 0),
    "skipped then": (report(a="", b=BAD), 1, report(b="skipped"), 0, "1 passed, 1 failed", 0),
    "a splat at first": (report(a="", b=BAD), 86, report(b=""), 0, "1 passed, 1 failed", 0),
    "a splat then": (report(a="", b=BAD), 1, report(b=""), 86, "1 passed, 1 failed", 0),
    "skipped at first": (report(**dict.fromkeys("aghijk", "skipped"), b=BAD), 1, report(b=""), 0,
                         "1 passed, 0 failed, 6 skipped", 1),
    "too many": (report(**MANY), 1, report(**dict.fromkeys(MANY, "")), 0, "0 passed, 6 failed", 0),
}


@pytest.mark.parametrize(("first", "first_status", "second", "second_status", "last", "listed"),
                         SECOND_CHANCES.values(), ids=SECOND_CHANCES.keys())
def test_second_chance(tool, monkeypatch, capfd, first, first_status, second, second_status, last, listed):
    once, again = tool.LOGS / "once.xml", tool.LOGS / "again.xml"

    def rerun(tests):
        assert set(tests) <= {"Tests/guest/test_a.py::b", "Tests/guest/test_a.py::c"}
        return tool.Stage("again", writes(second, again, second_status), again)

    stage = tool.Stage("once", writes(first, once, first_status), once, rerun=rerun)
    monkeypatch.setattr(tool, "STAGES", {"one": stage})
    assert tool.main([]) == (0 if " 0 failed" in last else 1)
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == last
    assert sum(line.startswith("passed only when run again: Tests/guest/test_a.py::") for line in lines) == listed


FAILURES = {
    "tests": (CASES["report"], ["Tests.a::bad", "Tests.a::broken"]),
    "counts alone": (CASES["sum"], ["1 of its tests"]),
    "status": (CASES["status alone"], ["exit status 86 though no test failed"]),
    "no test": (CASES["no test"], ["no test ran"]),
    "nothing": (CASES["good"], []),
}


@pytest.mark.parametrize(("case", "named"), FAILURES.values(), ids=FAILURES.keys())
def test_what_failed_is_named_at_the_end(tool, monkeypatch, capfd, case, named):
    script, result, last, _ = case
    run(tool, monkeypatch, script.replace("$0", str(tool.LOGS)), result)
    end = capfd.readouterr().out.rpartition("\n\n")[2]
    assert end.splitlines() == [*(f"FAILED one: {failure}" for failure in named), last]


def test_result_of_an_earlier_run_does_not_count(tool, monkeypatch, capfd):
    (tool.LOGS / "one.xml").write_text(JUNIT.replace("<failure/>", "").replace("<error/>", ""))
    assert run(tool, monkeypatch, "true", "one.xml") == 1
    assert capfd.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_unknown_stage_is_64(tool, capfd):
    assert tool.main(["no-such-stage"]) == 64
    assert "no-such-stage" in capfd.readouterr().err
