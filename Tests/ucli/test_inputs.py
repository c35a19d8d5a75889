# SPDX-License-Identifier: Apache-2.0
"""Reports of saved recordings and of perf.data files, whole and damaged."""

import bisect
import os
import re
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from recording import KALLSYMS_TEXT, Records, recording

# Of linux-perf; its author made it after the widely used stackcollapse-perf.pl.
STACKCOLLAPSE = Path("/usr/lib/perf-core/scripts/python/stackcollapse.py")
HEAD = re.compile(r"^##CGROUP:.*?  (\d+)      \[(\d+)\]", re.MULTILINE)


def tasks(report):
    """Of the tasks in a report their ids."""
    return [int(pid) for pid, _ in HEAD.findall(report)]


def test_a_recording_has_the_names_of_its_own_kernel(ucli, saved):
    """Addresses of another boot mean nothing to the local kernel's symbols."""
    result = ucli("report", saved())
    assert (result.returncode, tasks(result.stdout)) == (0, [1, 7, 8])
    assert result.stdout.count("#@        0xffffffff81000120 recorded_function ([kernel.kallsyms])") == 3


def test_a_recording_without_symbols_of_another_boot_names_nothing(ucli, saved):
    path = saved(recording(Records().dump(1, [{}]).data, kallsyms=b""))
    result = ucli("report", path)
    assert result.returncode == 0
    assert "0xffffffff81000120 UNKNOWN ([kernel.kallsyms])" in result.stdout
    assert "kernel frames have no names" in result.stderr


def test_list_has_one_line_for_each_dump(ucli, saved):
    result = ucli("list", saved())
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert [line.split(" at ")[0] for line in lines] == ["dump 1", "dump 2"]
    assert "on request; 2 tasks" in lines[0]


@pytest.mark.parametrize("filters, expected", [
    (["--pid", 7], [7]),
    (["--pid", 6], [7]),
    (["--pid", 1, "--pid", 8], [1, 8]),
    (["--comm", "worker"], [7]),
    (["--state", "D"], [7]),
    (["--state", "SR"], [1, 8]),
    (["--dump", 2], [8]),
    (["--since", "2m"], [8]),
    (["--since", "1h"], [1, 7, 8]),
    (["--since", "2023-11-14 22:20"], [8]),
    (["--dump", 1, "--comm", "late"], []),
])
def test_filters(ucli, saved, filters, expected):
    result = ucli("report", saved(), *filters, env={"TZ": "UTC"})
    assert (result.returncode, tasks(result.stdout)) == (0, expected)


def test_numbers_in_a_dump_do_not_depend_on_filters(ucli, saved):
    assert HEAD.findall(ucli("report", saved(), "--pid", 7).stdout) == [("7", "2")]


def test_a_recording_that_is_cut_short_is_read_as_far_as_it_goes(ucli, saved):
    whole = saved().read_bytes()
    result = ucli("report", saved(whole[:-40]))
    assert (result.returncode, tasks(result.stdout)) == (65, [1, 7, 8])
    assert "damaged input" in result.stderr


def test_every_truncation_of_a_recording_is_reported(ucli, saved):
    whole = saved().read_bytes()
    for size in range(0, len(whole) - 8, 61):
        result = ucli("report", saved(whole[:size]))
        assert result.returncode == 65, f"{size} of {len(whole)} bytes: {result}"


def test_false_sizes_in_a_recording_are_survived(ucli, saved):
    whole = saved().read_bytes()
    for at in range(16, 16 + 4 * 32, 8):
        for value in (2**64 - 1, 2**63, 2**40, 0):
            result = ucli("report", saved(whole[:at] + struct.pack("<Q", value) + whole[at + 8:]))
            assert result.returncode in (0, 65), f"{value:#x} at {at}: {result}"


def test_symbols_that_are_damaged_cost_only_the_names(ucli, saved):
    whole = saved().read_bytes()
    kallsyms = struct.unpack_from("<Q", whole, 16 + 32 + 8)[0]
    result = ucli("report", saved(whole[:kallsyms + 10] + b"\xff" * 8 + whole[kallsyms + 18:]))
    assert tasks(result.stdout) == [1, 7, 8]
    assert "kernel frames have no names" in result.stderr


def test_a_damaged_record_is_left_out(ucli, saved):
    records = bytearray(Records().dump(1, [{"pid": 1}, {"pid": 2}]).data)
    records[0:2] = b"xx"
    result = ucli("report", saved(recording(bytes(records), kallsyms=KALLSYMS_TEXT)))
    assert (result.returncode, tasks(result.stdout)) == (65, [1, 2])
    assert "no record begins here" in result.stderr


def test_a_newer_layout_is_refused(ucli, saved):
    whole = saved().read_bytes()
    result = ucli("report", saved(whole[:8] + struct.pack("<I", 2) + whole[12:]))
    assert result.returncode == 65 and "version 2" in result.stderr


def test_a_profile_has_the_samples_that_perf_has(ucli, profile):
    result = ucli("report", "--perf-data", profile)
    assert result.returncode == 0
    script = subprocess.run(["perf", "script", "-i", profile, "-F", "tid"], capture_output=True, text=True, check=True)
    assert tasks(result.stdout) == [int(line) for line in script.stdout.split()]
    assert "#~" in result.stdout and "[kernel.kallsyms]" in result.stdout


def test_folded_stacks_are_those_of_the_collapse_script_of_perf(ucli, profile):
    """By task, leaf and the number of kernel frames: of a stack that perf leaves earlier it has not all the others."""
    def shapes(text):
        found = Counter()
        for line in text.splitlines():
            stack, _, count = line.rpartition(" ")
            name, *frames = stack.split(";")
            marks = [frame.endswith("_[k]") for frame in frames]
            assert marks == sorted(marks), "the kernel's frames are above the program's"
            found[(name, frames[-1], sum(marks))] += int(count)
        return found

    script = subprocess.run(["perf", "script", "--no-inline", "-i", profile, "-s", STACKCOLLAPSE, "--", "--kernel"],
                            capture_output=True, text=True, check=True)
    assert shapes(ucli("report", "--perf-data", profile, "--format", "folded").stdout) == shapes(script.stdout)


def test_code_in_memory_has_the_names_that_its_compiler_left(ucli, tmp_path):
    """As perf: /tmp/perf-PID.map of the process that mapped the code, if it is the user's own."""
    program, profile = tmp_path / "compiled", tmp_path / "perf.data"
    subprocess.run(["gcc", "-O1", "-o", program, Path(__file__).parent / "compiled.c"], check=True)
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "--call-graph", "dwarf", "-o", profile,
                    "--", program], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    script = subprocess.run(["perf", "script", "-i", profile, "-F", "pid,ip,sym"], capture_output=True, text=True,
                            check=True)
    pid = script.stdout.split()[0]
    left = Path(f"/tmp/perf-{pid}.map")
    try:
        def count(name):
            return ucli("report", "--perf-data", profile).stdout.count(f" {name} ")

        assert count("compiled_spin") == script.stdout.count(" compiled_spin\n") > 0
        os.chown(left, 12345, 12345)
        assert count("compiled_spin") == 0
    finally:
        left.unlink()


def test_a_profile_that_is_cut_short_is_read_as_far_as_it_goes(ucli, profile, tmp_path):
    path = tmp_path / "cut.data"
    # Behind the data are only the features, which perf writes last.
    start, size = struct.unpack_from("<QQ", profile.read_bytes(), 40)
    path.write_bytes(profile.read_bytes()[:start + size - 100])
    result = ucli("report", "--perf-data", path)
    assert result.returncode == 65 and tasks(result.stdout)
    assert "damaged input" in result.stderr


def test_files_of_the_other_kind_are_told_apart(ucli, saved, profile):
    result = ucli("report", profile)
    assert result.returncode == 65 and "--perf-data" in result.stderr
    assert ucli("report", "--perf-data", saved()).returncode == 65


def test_a_sysroot_holds_the_files_of_processes(ucli, profile, tmp_path):
    """Under an empty folder there are none, so that nothing has a name."""
    result = ucli("report", "--perf-data", profile, "--sysroot", tmp_path)
    names = set(re.findall(r"^#~ +0x\S+ (\S+) ", result.stdout, re.MULTILINE))
    assert result.returncode == 0 and names == {"UNKNOWN"}
    result = ucli("report", "--perf-data", profile, "--sysroot", "/")
    assert set(re.findall(r"^#~ +0x\S+ (\S+) ", result.stdout, re.MULTILINE)) > {"UNKNOWN"}


def test_removed_programs_have_their_names_from_the_files_that_perf_kept(ucli, tmp_path):
    """In ~/.debug, by build-id; there `perf archive` brings them from other machines too."""
    program, profile = tmp_path / "program", tmp_path / "perf.data"
    source = "static volatile long count; int main(void) { while (count < 200000000) count++; }"
    subprocess.run(["gcc", "-O1", "-Wl,--build-id", "-o", program, "-x", "c", "-"], input=source, text=True,
                   check=True)
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "--call-graph", "dwarf", "-o", profile,
                    "--", program], check=True, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": str(tmp_path)})
    program.unlink()

    def named(home):
        return " main (" in ucli("report", "--perf-data", profile, env={**os.environ, "HOME": str(home)}).stdout

    assert named(tmp_path)
    assert not named(tmp_path / "elsewhere")
    kept, = tmp_path.glob(f".debug/{program}/*/elf")
    kept.unlink()
    kept.write_bytes(Path("/bin/true").read_bytes())
    assert not named(tmp_path), "another file under its name"


@pytest.mark.parametrize("mapping, offset_before_name", [("--no-buildid-mmap", 8), ("--buildid-mmap", 40)])
def test_the_kernel_of_another_boot_has_its_names_from_the_list_that_perf_kept(
        ucli, tmp_path, mapping, offset_before_name):
    """The profile is made to say that the kernel lay elsewhere; so its addresses are those of other functions."""
    profile, moved_by = tmp_path / "perf.data", 0x1003
    environment = {key: value for key, value in os.environ.items() if key != "PERF_BUILDID_DIR"}
    subprocess.run(["perf", "record", "-q", mapping, "-e", "cpu-clock", "-F", "999", "--call-graph", "dwarf",
                    "-o", profile, "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=2000"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, env={**environment, "HOME": str(tmp_path)})
    data = bytearray(profile.read_bytes())
    name = data.find(b"[kernel.kallsyms]_")
    if name < 0:
        pytest.skip("the kernel hides its addresses")

    def report(home):
        result = ucli("report", "--perf-data", profile, "--format", "perf", env={**environment, "HOME": str(home)})
        return set(re.findall(r"^\s+([0-9a-f]+) (\S+) \(\[kernel.kallsyms\]\)$", result.stdout, re.MULTILINE)), result

    whole, _ = report(tmp_path / "elsewhere")
    assert any(name != "[unknown]" for _, name in whole)

    place = name - offset_before_name
    struct.pack_into("<Q", data, place, struct.unpack_from("<Q", data, place)[0] + moved_by)
    profile.write_bytes(data)
    build_id = subprocess.run(["perf", "buildid-list", "--kernel"], capture_output=True, text=True,
                              check=True).stdout.strip()
    kallsyms = tmp_path / ".debug/.build-id" / build_id[:2] / build_id[2:] / "kallsyms"
    if mapping == "--buildid-mmap":     # with which perf keeps no files
        kallsyms.parent.mkdir(parents=True)
        kallsyms.write_bytes(Path("/proc/kallsyms").read_bytes())
    starts = {}
    for line in kallsyms.read_text(encoding="ascii").splitlines():
        address, kind, name, *module = line.split()
        here = (kind in "tTwW", name)
        # The first of several, but functions first of all.
        if not module and here[0] > starts.setdefault(int(address, 16), here)[0]:
            starts[int(address, 16)] = here
    addresses = sorted(starts)

    def name_at(address, caller):
        """A caller is looked up one byte in front of where it goes on."""
        start = addresses[bisect.bisect(addresses, address - caller) - 1]
        is_function, name = starts[start]
        return f"{name}+{address - start:#x}" if is_function else "[unknown]"

    frames, result = report(tmp_path)
    assert len(frames) > 3 and "have no names" not in result.stderr
    for address, name in frames:
        assert name in [name_at(int(address, 16) - moved_by, caller) for caller in (0, 1)]
    frames, result = report(tmp_path / "elsewhere")
    assert {name for _, name in frames} == {"[unknown]"} and "kernel frames have no names" in result.stderr

    # Back where it was, but of another kernel, as its build-id tells.
    struct.pack_into("<Q", data, place, struct.unpack_from("<Q", data, place)[0] - moved_by)
    assert bytes.fromhex(build_id) in data
    profile.write_bytes(data.replace(bytes.fromhex(build_id), bytes(19) + b"x"))
    frames, result = report(tmp_path)
    assert {name for _, name in frames} == {"[unknown]"} and "kernel frames have no names" in result.stderr
