# SPDX-License-Identifier: Apache-2.0
"""What make install brings: the program, manual pages, completions and C headers."""

import subprocess

import pytest

from conftest import PROJECT
from test_manual import PAGES

HEADERS = sorted(path.name for path in (PROJECT / "Sources/CVariableMonitor/include").glob("*.h"))


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=1200, **options)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where a package would be made."""
    folder = tmp_path_factory.mktemp("package")
    run("make", "-C", PROJECT, "install", f"DESTDIR={folder}", "PREFIX=/opt/monitor")
    return folder / "opt/monitor"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_at_its_place_and_nothing_elsewhere(installed):
    assert names(installed.parent.parent) == ["opt"]
    assert names(installed) == ["bin", "include", "share"]
    assert names(installed / "bin") == ["ucli"]
    assert names(installed / "include/variable-monitor") == HEADERS
    assert names(installed / "share/man/man1") == sorted(f"{page}.1" for page in [*PAGES, "ucli.help"])
    for place in ["bash-completion/completions/ucli", "zsh/site-functions/_ucli", "fish/vendor_completions.d/ucli.fish"]:
        assert (installed / "share" / place).stat().st_mode & 0o777 == 0o644


def test_the_program_runs(installed):
    assert run(installed / "bin/ucli", "--version").stdout.startswith("ucli ")


def test_c_programs_find_the_headers(installed, tmp_path):
    program = tmp_path / "program.c"
    program.write_text("#include <variable-monitor/monitor_user.h>\nint main(void) { return !monitor_strerror(0); }\n")
    run("gcc", "-Wall", "-Werror", "-I", installed / "include", "-o", tmp_path / "program", program)
