# SPDX-License-Identifier: Apache-2.0
"""pprof profiles, as `go tool pprof` and flameshow read them."""

import os
import re
import shutil
import subprocess

import pytest


@pytest.fixture
def pprof(render, tmp_path):
    """What `go tool pprof` prints about a sample."""

    def pprof(sample, *options):
        assert shutil.which("go"), "golang-go is missing: run tools/setup"
        profile = tmp_path / f"{sample}.pb.gz"
        profile.write_bytes(render(sample, "pprof"))
        return subprocess.run(
            ["go", "tool", "pprof", "-symbolize=none", *options, profile], check=True, text=True,
            stdout=subprocess.PIPE, env={**os.environ, "PPROF_TMPDIR": str(tmp_path), "HOME": str(tmp_path)}).stdout

    return pprof


def test_top(pprof):
    text = pprof("service", "-top", "-nodecount=500")
    assert "Type: tasks" in text and "of 965 total" in text
    totals = {fields[-1]: int(fields[3]) for line in text.splitlines() if len(fields := line.split()) == 6 and "%" in line}
    assert totals["io_schedule"] == 212 + 61 + 16 + 1
    assert totals["pool::Worker::run"] == 380 + 140 + 64 + 9


def test_traces_are_leaf_first_with_the_kernel_above_and_have_labels(pprof):
    traces = pprof("hostile", "-traces").split("-----------+")
    trace = next(trace for trace in traces if "comm:  userstack" in trace)
    functions = [line.split()[-1] if "(inline)" not in line else line.split()[-2]
                 for line in trace.splitlines() if re.match(r" +(1   )?[_a-z]\w+( \(inline\))?$", line)]
    assert functions == ["schedule", "do_nanosleep", "__x64_sys_clock_nanosleep", "do_syscall_64", "clock_nanosleep",
                         "pause_a_little", "customFunction1", "customFunction2", "_start"]
    for label in ["pid:  51666", "tid:  51666", "state:  S", "cgroup:  /", "dump:  1"]:
        assert label in trace


def test_locations_have_files_lines_and_mappings(pprof):
    raw = pprof("hostile", "-raw")
    assert "pause_a_little /src/pause.h:3" in raw and "customFunction1 /src/user stack.c:12" in raw
    assert re.search(r"^\d+: 0x0/0x1320/0x0 /home/me/userstack beef7461636b", raw, re.MULTILINE)


def test_labels_select(pprof):
    assert "Type: tasks" in pprof("hostile", "-top", "-tagfocus=state=D")
    assert "ext4_read" in pprof("hostile", "-top", "-tagfocus=state=D")
    assert "clock_nanosleep" not in pprof("hostile", "-top", "-tagfocus=state=D")


def test_samples_have_a_value_for_each_event(pprof):
    assert re.search(r"\b3ms +100% +100% +3ms +100% +spin$", pprof("profile", "-top", "-sample_index=cpu-clock"), re.MULTILINE)
    assert re.search(r"\b2 +100% +100% +2 +100% +spin$",
                     pprof("profile", "-top", "-sample_index=context-switches"), re.MULTILINE)
    assert "of 5 total" in pprof("profile", "-top", "-sample_index=tasks")


def test_flameshow_reads_it(render):
    from flamegraph_textual.parsers.pprof_parser import ProfileParser

    profile = ProfileParser("sample").parse(render("service", "pprof"))
    assert profile.root_stack.values == [965]
    assert [(kind.sample_type, kind.sample_unit) for kind in profile.sample_types] == [("tasks", "count")]
