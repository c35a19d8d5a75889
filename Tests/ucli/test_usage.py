# SPDX-License-Identifier: Apache-2.0
"""Exit statuses, files that are written whole or not at all, and help."""

import os
import re
import signal
import subprocess
import time

import pytest

from conftest import PROJECT, UCLI

SUBCOMMANDS = ["report", "record", "list", "status", "snapshot", "watch", "locks"]


@pytest.mark.parametrize("arguments", [
    ["--no-such-option"],
    ["report", "saved.rec", "--follow"],
    ["report", "saved.rec", "--perf-data", "perf.data"],
    ["report", "--perf-data", "perf.data", "--since", "5m"],
    ["report", "--since", "soon"],
    ["report", "--since", "25:00"],
    ["report", "--state", "7"],
    ["report", "--format", "none"],
    ["record"],
    ["record", "-o", "saved.rec", "--for", "5"],
    ["snapshot", "--pid", "1", "--pid", "2"],
    ["snapshot", "--dump", "3"],
    ["snapshot", "--since", "5m"],
    ["locks", "--no-such-option"],
    ["locks", "--format", "none"],
    ["locks", "--json", "--format", "dot"],
    ["locks", "saved.rec", "--watch"],
    ["locks", "saved.rec", "--pid", "1"],
    ["locks", "--pid", "x"],
    ["locks", "--every", "5"],
    ["locks", "--watch", "--every", "0"],
    ["locks", "--watch", "--pid", "1"],
    ["locks", "one", "two"],
])
def test_wrong_usage_is_64(ucli, arguments):
    assert ucli(*arguments).returncode == 64


@pytest.mark.parametrize("arguments, reason", [
    (["report", "--lines"], "--lines does not go with the format text"),
    (["snapshot", "--lines"], "--lines does not go with the format text"),
    (["report", "--format", "json", "--kernel-first"], "--kernel-first does not go with the format json"),
    (["report", "--perf-data", "perf.data", "--dump", "3"], "samples have no dump"),
    (["report", "--perf-data", "-"], "save them in a file"),
])
def test_a_refusal_says_why(ucli, arguments, reason):
    result = ucli(*arguments)
    assert (result.returncode, reason in " ".join(result.stderr.split())) == (64, True), result.stderr


def test_a_pipe_is_no_profile(profile):
    """Samples are read in the order of their times, not in that of the file."""
    process = subprocess.run([UCLI, "report", "--perf-data", "/dev/stdin"], input=profile.read_bytes(),
                             capture_output=True, timeout=120)
    assert process.returncode == 74 and b"save them in a file" in process.stderr
    with open(profile, "rb") as file:
        assert subprocess.run([UCLI, "report", "--perf-data", "/dev/stdin"], stdin=file, capture_output=True,
                              timeout=120).returncode == 0


@pytest.mark.skipif(os.path.exists("/dev/variable_monitor"), reason="the module is loaded here")
@pytest.mark.parametrize("arguments", [
    [], ["report"], ["report", "--follow"], ["list"], ["snapshot"], ["status"], ["status", "--json"],
    ["locks"], ["locks", "--json"], ["locks", "--watch"],
])
def test_without_the_module_it_is_66_and_says_how_to_load_it(ucli, arguments):
    result = ucli(*arguments)
    assert result.returncode == 66
    assert "insmod" in result.stderr
    assert result.stdout == ('{"loaded":false}\n' if arguments == ["status", "--json"] else "")


@pytest.mark.skipif(os.path.exists("/dev/variable_monitor"), reason="the module is loaded here")
def test_a_record_without_the_module_leaves_no_file(ucli, tmp_path):
    assert ucli("record", "-o", tmp_path / "saved.rec").returncode == 66
    assert list(tmp_path.iterdir()) == []


def test_input_that_is_not_there_is_66(ucli, tmp_path):
    assert ucli("report", tmp_path / "none").returncode == 66
    assert ucli("report", "--perf-data", tmp_path / "none").returncode == 66
    assert ucli("list", tmp_path / "none").returncode == 66


def test_a_folder_as_input_is_74(ucli, tmp_path):
    assert ucli("report", tmp_path).returncode == 74
    assert ucli("report", "--perf-data", tmp_path).returncode == 74


def test_input_that_is_no_recording_is_65(ucli, saved):
    result = ucli("report", saved(b"#!/bin/sh\n" * 20))
    assert result.returncode == 65 and "no recording" in result.stderr


def test_a_report_in_a_file_is_that_of_standard_output(ucli, saved, tmp_path):
    output = tmp_path / "report"
    result = ucli("report", saved(), "-o", output)
    assert (result.returncode, result.stdout) == (0, "")
    assert output.read_text() == ucli("report", saved()).stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "saved.rec"]


def test_a_report_that_fails_leaves_the_file_that_was_there(ucli, saved, tmp_path):
    output = tmp_path / "report"
    output.write_text("old")
    assert ucli("report", tmp_path / "none", "-o", output).returncode == 66
    assert output.read_text() == "old"


@pytest.mark.parametrize("path", ["/dev/null", "/no/such/folder/report", "/"])
def test_a_place_that_takes_no_file_is_74(ucli, saved, path):
    result = ucli("report", saved(), "-o", path)
    assert result.returncode == 74 and path in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_report_leaves_what_was_there(saved, profile, tmp_path, number):
    """Stopped while the file is being written: it waits for a reader of its standard error."""
    output = tmp_path / "report"
    output.write_text("old")
    reading, writing = os.pipe()
    # Standard error is full, so that the first note on it blocks: by then the file is begun.
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    # Who starts the tests in the background may have it ignored.
    process = subprocess.Popen([UCLI, "report", saved(), "-o", output], stderr=writing, stdin=subprocess.DEVNULL,
                               preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".report.*")):
        assert time.monotonic() < deadline and process.poll() is None, "the temporary file never came"
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait(60) == -number
    os.close(reading)
    os.close(writing)
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "saved.rec"]


def test_a_reader_that_goes_away_is_74(saved):
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run([UCLI, "report", saved()], stdout=writing, stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL, timeout=120)
    os.close(writing)
    assert process.returncode == 74


def test_a_full_disk_is_74(saved):
    with open("/dev/full", "wb") as full:
        process = subprocess.run([UCLI, "report", saved()], stdout=full, stderr=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL, timeout=120)
    assert process.returncode == 74


def test_a_snapshot_has_no_options_that_never_work(ucli):
    assert not {"--dump", "--since"} & set(ucli("snapshot", "--help").stdout.split())


EXAMPLE = re.compile(r"^    (ucli.*?)(?:   .*)?$", re.MULTILINE)


def help_of(ucli, command, columns=80):
    """What comes before the options."""
    result = ucli(*command.split(), "--help", env={**os.environ, "COLUMNS": str(columns)})
    assert result.returncode == 0
    return result.stdout.partition("USAGE:")[0]


@pytest.mark.parametrize("command", ["", *SUBCOMMANDS])
def test_examples_of_the_help_are_not_wrapped(ucli, command):
    lines = [re.findall("^    .*$", help_of(ucli, command, columns), re.MULTILINE) for columns in (80, 500)]
    assert lines[0] == lines[1] != []


def test_examples_show_what_people_look_for(ucli):
    assert "--perf-data" in "".join(EXAMPLE.findall(help_of(ucli, "")))
    shown = set(" ".join(EXAMPLE.findall(help_of(ucli, "report"))).split())
    assert shown >= {"--format", "--top", "-o", "--sysroot", "--kernel-first", "--lines", "--perf-data", "--follow"}


@pytest.mark.skipif(os.path.exists("/dev/variable_monitor"), reason="the module is loaded here")
@pytest.mark.parametrize("command", ["", *SUBCOMMANDS])
def test_examples_of_the_help_can_be_pasted(ucli, saved, profile, tmp_path, command):
    """Each works where its files are there. What others make of the report is theirs."""
    saved()
    (tmp_path / "perf.data").write_bytes(profile.read_bytes())
    examples = [example.partition(" | ")[0] for example in EXAMPLE.findall(help_of(ucli, command))]
    assert any(example.startswith(f"ucli {command}".strip()) for example in examples)
    for example in examples:
        process = subprocess.run(["bash", "-c", example], cwd=tmp_path, timeout=120, stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True,
                                 env={**os.environ, "PATH": f"{UCLI.parent}:{os.environ['PATH']}"})
        needs_module = "saved.rec" not in example.partition("-o")[0] and "perf.data" not in example
        assert process.returncode == (66 if needs_module else 0), (example, process.stderr)


def test_the_version_is_that_of_the_module(ucli):
    module = PROJECT / "kmod/variable_monitor.ko"
    version = subprocess.run(["modinfo", "-F", "version", module], check=True, capture_output=True, text=True).stdout
    result = ucli("--version")
    assert (result.returncode, result.stdout) == (0, f"ucli {version}")


def test_help_lists_the_subcommands(ucli):
    assert all(command in ucli("--help").stdout for command in SUBCOMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_the_subcommands(ucli, shell):
    result = ucli("--generate-completion-script", shell)
    assert result.returncode == 0 and all(command in result.stdout for command in SUBCOMMANDS)


WATCH = ["watch", "--pid", "1", "--symbol", "a"]


@pytest.mark.parametrize("arguments, reason", [
    (WATCH, "Give one condition"),
    ([*WATCH, "--above", "1", "--below", "-1"], "Give one condition"),
    ([*WATCH, "--changed", "--rearm", "1"], "--rearm goes with"),
    ([*WATCH, "--changed", "--ticks", "0"], "--ticks is from 1 to 1000000"),
    ([*WATCH, "--changed", "--ticks", "1000001"], "--ticks is from 1 to 1000000"),
    ([*WATCH, "--changed", "--history", "4097"], "--history is at most 4096"),
    ([*WATCH, "--changed", "--every", "10"], "10"),
    ([*WATCH, "--changed", "--every", "0us"], "--every takes a time above 0"),
    ([*WATCH, "--changed", "--for", "18446744073709551615h"], "--for"),
    ([*WATCH, "--unchanged-for", "0s"], "--unchanged-for takes a time above 0"),
    ([*WATCH, "--unchanged-for", "5 s"], "5 s"),
    ([*WATCH, "--changed", "--", "ls"], "Give --pid, or behind --"),
    ([*WATCH, "--changed", "--type", "int"], "A type is one of int8"),
    ([*WATCH, "--changed", "--address", "0x1000"], "Give --symbol, or --address"),
    (["watch", "--pid", "0", "--symbol", "a", "--changed"], "a number above 0"),
    (["watch", "--pid", "1", "--changed"], "Give --symbol, or --address"),
    (["watch", "--pid", "1", "--address", "0x1000", "--changed"], "--address needs --type"),
    (["watch", "--pid", "1", "--address", "x", "--type", "int8", "--changed"], "An address is a number"),
    (["watch", "--pid", "1", "--address", "1", "--type", "int8", "--in", "libc.so.6", "--changed"], "--in goes with"),
    (["watch", "--address", "1", "--type", "int8", "--changed", "--", "ls"], "--address is for a process that runs"),
    (["watch", "--symbol", "a", "--changed"], "Give --pid, or behind --"),
])
def test_a_watch_that_makes_no_sense_is_wrong_usage(ucli, arguments, reason):
    result = ucli(*arguments)
    assert (result.returncode, reason in result.stderr) == (64, True), result.stderr


@pytest.mark.skipif(os.path.exists("/dev/variable_monitor"), reason="the module is loaded here")
def test_a_watch_without_the_module_starts_no_program(ucli, tmp_path):
    result = ucli(*WATCH, "--above", "-5")
    assert (result.returncode, "insmod" in result.stderr) == (66, True)
    path = tmp_path / "saved.rec"
    result = ucli("watch", "--symbol", "a", "--changed", "-o", path, "--", "touch", tmp_path / "started")
    assert result.returncode == 66
    assert list(tmp_path.iterdir()) == []
