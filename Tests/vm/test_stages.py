# SPDX-License-Identifier: Apache-2.0
"""tools/test: a test run must not look good unless tests ran and all passed."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/test"

JUNIT = """<testsuites><testsuite>
  <testcase name="good"/>
  <testcase name="bad"><failure/><failure/></testcase>
  <testcase name="broken"><error/></testcase>
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


def test_result_of_an_earlier_run_does_not_count(tool, monkeypatch, capfd):
    (tool.LOGS / "one.xml").write_text(JUNIT.replace("<failure/>", "").replace("<error/>", ""))
    assert run(tool, monkeypatch, "true", "one.xml") == 1
    assert capfd.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_unknown_stage_is_64(tool, capfd):
    assert tool.main(["no-such-stage"]) == 64
    assert "no-such-stage" in capfd.readouterr().err
