# SPDX-License-Identifier: Apache-2.0
"""The texts that other programs take apart: folded stacks, perf script, the default report."""

import io
import re
from collections import Counter

import pytest
from collapse import collapse_default, collapse_perf


def folded(text):
    """Counts by stack, without the mark of kernel frames."""
    counts = Counter()
    for line in text.decode().splitlines():
        stack, _, count = line.rpartition(" ")
        counts[re.sub(r"_\[k\](?=;|$)", "", stack)] += int(count)
    return counts


def frames_of(node, path=()):
    """All stacks of flameshow's tree that end in a leaf, with their counts."""
    path = (*path, node.name)
    own = node.values[0] - sum(child.values[0] for child in node.children)
    found = Counter({";".join(path[1:]): own}) if own else Counter()
    for child in node.children:
        found += frames_of(child, path)
    return found


@pytest.mark.parametrize("sample", ["hostile", "service", "profile"])
def test_flameshow_reads_folded_stacks(render, sample):
    from flamegraph_textual.parsers.stackcollapse_parser import StackCollapseParser

    text = render(sample, "folded")
    assert StackCollapseParser.validate(text)
    profile = StackCollapseParser("sample").parse(text)
    stacks = frames_of(profile.root_stack)
    assert stacks == Counter({line.rpartition(b" ")[0].decode(): int(line.rpartition(b" ")[2])
                              for line in text.splitlines()})
    assert sum(stacks.values()) == {"hostile": 6, "service": 965, "profile": 5}[sample]


@pytest.mark.parametrize("sample", ["hostile", "service"])
def test_kernel_frames_lie_above_those_of_the_program(render, sample):
    for line in render(sample, "folded").decode().splitlines():
        marks = [frame.endswith("_[k]") for frame in line.rpartition(" ")[0].split(";")]
        assert marks == sorted(marks), line


@pytest.mark.parametrize("sample", ["service", "profile"])
def test_perf_text_collapses_to_the_folded_stacks(render, sample):
    assert collapse_perf(render(sample, "perf").decode()) == folded(render(sample, "folded"))


@pytest.mark.parametrize("sample", ["service", "profile"])
def test_gprof2dot_reads_perf_text(render, sample):
    """Of each function, how often it is the leaf, and in how many stacks it is."""
    from gprof2dot import SAMPLES, TOTAL_SAMPLES, PerfParser

    profile = PerfParser(io.StringIO(render(sample, "perf").decode())).parse()
    # It keeps functions of different files apart.
    own, total, seen_own, seen_total = Counter(), Counter(), Counter(), Counter()
    for function in profile.functions.values():
        seen_own[function.name] += function[SAMPLES]
        seen_total[function.name] += function[TOTAL_SAMPLES]
    for stack, count in folded(render(sample, "folded")).items():
        frames = stack.split(";")[1:]
        own[frames[-1]] += count
        total.update({frame: count for frame in set(frames)})
    assert (seen_own, seen_total) == (own, total)


def test_inlined_functions_are_frames_in_perf_text_and_folded_stacks(render):
    [stack] = [stack for stack in folded(render("hostile", "folded")) if "customFunction1" in stack]
    assert ";customFunction1;pause_a_little;clock_nanosleep;" in stack
    assert stack in collapse_perf(render("hostile", "perf").decode())


def test_hostile_names_do_not_break_perf_text(render):
    stacks = collapse_perf(render("hostile", "perf").decode())
    assert sum(stacks.values()) == 6
    assert {stack.split(";")[0] for stack in stacks} == {
        "userstack", ":9", "old", "a:b_(c)_1/2_[x]", '_\ufffd\ufffd?"\\<'}


def test_the_default_report_with_the_kernel_first_collapses_to_the_folded_stacks(render):
    assert collapse_default(render("service", "text", "kernel-first").decode()) == folded(render("service", "folded"))


def test_without_it_the_program_comes_above_the_kernel(render):
    """What the option is for."""
    stacks = collapse_default(render("service", "text").decode())
    assert stacks != folded(render("service", "folded"))
    assert any(stack.split(";")[1].startswith("entry_SYSCALL") for stack in stacks)


def test_the_default_report_has_no_other_lines(render):
    shapes = [r"##CGROUP:\[.*\]  \d+      \[\d+\]  采样命中\[.\](  \d+ tasks?)?", r"    进程信息: \[.* / .*\], PID: \d+ / \d+",
              r"##C\+\+ pid \d+", r"    用户态堆栈SP:[0-9a-f]+, BP:[0-9a-f]+, IP:[0-9a-f]+",
              r"#~        0x[0-9a-f]+ .* \(\[symbol\]\)", r"    内核态堆栈:",
              r"#@        0x[0-9a-f]+ .* \(\[kernel.kallsyms\]\)", r"#[*^]        0xf{14} .* \(UNKNOWN\)",
              r"    进程链信息:", r"##"]
    for options in [], ["top"], ["kernel-first"]:
        for line in render("hostile", "text", *options).decode().split("\n")[:-1]:
            assert any(re.fullmatch(shape, line) for shape in shapes), line
            assert bool(re.search(r"\] *\d+ tasks?$", line)) == (options == ["top"] and line.startswith("##CGROUP")), line
