# SPDX-License-Identifier: Apache-2.0
"""tools/build-module: what is built is what the sources say now, without a warning."""

import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
INCLUDE = "Sources/CVariableMonitor/include"

KBUILD = """\
obj-m := variable_monitor.o
variable_monitor-y := main.o folder/more.o
ccflags-y := -I$(VMON_INCLUDE)
"""
MAIN = """\
#include <linux/module.h>
#include <variable_monitor.h>
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("built by a test");
"""


@pytest.fixture
def project(tmp_path):
    """The tools over a module of two sources."""
    shutil.copytree(PROJECT / "tools", tmp_path / "tools")
    shutil.copytree(PROJECT / INCLUDE, tmp_path / INCLUDE)
    (tmp_path / "kmod/folder").mkdir(parents=True)
    (tmp_path / "kmod/Kbuild").write_text(KBUILD)
    (tmp_path / "kmod/main.c").write_text(MAIN)
    (tmp_path / "kmod/folder/more.c").write_text("int more(void);\nint more(void) { return 1; }\n")
    return tmp_path


def build(project, kernel="stock"):
    return subprocess.run([project / "tools/build-module", kernel], capture_output=True, text=True)


def built(project):
    done = build(project)
    assert done.returncode == 0, done.stderr
    (folder,) = done.stdout.splitlines()
    return project / folder / "variable_monitor.ko"


def description(module):
    return subprocess.run(["/sbin/modinfo", "-F", "description", module], capture_output=True, text=True).stdout


def test_release_names_the_folder_and_a_second_build_does_nothing(project):
    module = built(project)
    vermagic = subprocess.run(["/sbin/modinfo", "-F", "vermagic", module], capture_output=True, text=True).stdout
    assert vermagic.split()[0] == module.parent.name
    before = module.stat().st_mtime_ns
    assert built(project).stat().st_mtime_ns == before
    # The same kernel by its release and by its header folder.
    headers = subprocess.run([project / "tools/kernel", "stock"], capture_output=True, text=True).stdout
    headers = dict(line.split("=", 1) for line in headers.splitlines())["headers"]
    assert build(project, module.parent.name).stdout == build(project, headers).stdout != ""
    assert module.stat().st_mtime_ns == before


def test_changed_new_and_deleted_sources(project):
    built(project)
    (project / "kmod/main.c").write_text(MAIN.replace("built by a test", "changed"))
    assert description(built(project)) == "changed\n"

    (project / "kmod/new.h").write_text('#define WHAT "from a new header"\n')
    (project / "kmod/main.c").write_text('#include "new.h"\n' + MAIN.replace('"built by a test"', "WHAT"))
    assert description(built(project)) == "from a new header\n"

    (project / "kmod/new.h").unlink()
    done = build(project)
    assert done.returncode != 0
    assert "new.h" in done.stderr


def test_a_folder_of_modules_is_built_too(project):
    (project / "kmod/Kbuild").write_text(KBUILD + "obj-m += testing/\n")
    (project / "kmod/testing").mkdir()
    (project / "kmod/testing/Kbuild").write_text("obj-m := inner.o\n")
    (project / "kmod/testing/inner.c").write_text(MAIN.replace("#include <variable_monitor.h>\n", ""))
    inner = built(project).parent / "testing/inner.ko"
    assert description(inner) == "built by a test\n"
    (project / "kmod/testing/inner.c").write_text("#error changed\n")
    assert "changed" in build(project).stderr


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("int f(void) { int unused; return 1; }", "unused"),
        ("int f(int x) { return no_such_thing(x); }", "no_such_thing"),
    ],
    ids=["warning", "error"],
)
def test_warning_and_error_fail_and_are_shown(project, line, complaint):
    (project / "kmod/main.c").write_text(MAIN + "int f(void);\n" + line + "\n")
    for _ in range(2):  # a failed build is no build
        done = build(project)
        assert done.returncode == 1
        assert done.stdout == ""
        assert complaint in done.stderr


def test_abi_header_is_an_ingredient(project):
    built(project)
    with open(project / INCLUDE / "variable_monitor.h", "a") as header:
        header.write("#error changed\n")
    assert "changed" in build(project).stderr


def test_unknown_kernel_is_64():
    done = build(PROJECT, "9.9.9-none")
    assert done.returncode == 64
    assert "9.9.9-none" in done.stderr


def check(project, what):
    return subprocess.run([project / "tools/check-module", what], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("line", "verdict", "complaint"),
    [
        ("static int f(int *p);", "0 passed, 1 failed", "never defined [-Wunused-function]"),
        ("int f(int x); int f(int x) { int y; y = x; return x; }", "0 passed, 1 failed",
         "set but not used [-Wunused-but-set-variable]"),
        ("int f(int *p); int f(int *p) { return p == 0; }", "0 passed, 1 failed", "Using plain integer as NULL pointer"),
        ('#include "{folder}/other.h"', "1 passed, 0 failed", ""),
    ],
    ids=["warning", "W=1", "sparse", "header of others"],
)
def test_check_counts_warnings_of_our_files_alone(project, line, verdict, complaint):
    (project / "other.h").write_text("int g(void) { return 1; }\n")
    (project / "kmod/Kbuild").write_text(KBUILD + "ccflags-y += -Werror\n")
    (project / "kmod/main.c").write_text(MAIN + line.replace("{folder}", str(project)) + "\n")
    for _ in range(2):  # what failed is not forgotten, though it compiles
        done = check(project, "stock")
        assert done.stdout.splitlines()[-1] == verdict, done.stdout
        assert done.returncode == ("0 failed" not in verdict)
        assert complaint in done.stdout
        assert done.stdout.count("warning:") == bool(complaint)


def test_check_sees_every_source(project):
    (project / "kmod/forgotten.c").write_text("int forgotten;\n")
    done = check(project, "stock")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "0 passed, 1 failed")
    assert "forgotten.c is not compiled" in done.stdout


def test_check_compiles_what_changed(project):
    def compiled():
        assert check(project, "stock").returncode == 0
        log = (project / "build/check/stock/build.log").read_text()
        return [Path(line.split()[-1]).name for line in log.splitlines() if line.startswith("  CHECK")]

    assert sorted(compiled()) == ["main.c", "more.c"]
    assert compiled() == []
    (project / "kmod/main.c").write_text(MAIN.replace("built by a test", "changed"))
    assert compiled() == ["main.c"]
    with open(project / INCLUDE / "variable_monitor.h", "a") as header:
        header.write("/* changed */\n")
    assert compiled() == ["main.c"]
    (project / "kmod/new.h").touch()
    assert sorted(compiled()) == ["main.c", "more.c"]


@pytest.mark.parametrize("line", [
    "#include <linux/version.h>",
    "#if LINUX_VERSION_CODE >= 1\n#endif",
    "#define OLD KERNEL_VERSION(5, 10, 0)",
    "int major = LINUX_VERSION_MAJOR;",
])
def test_check_finds_versions_outside_compat(project, line):
    (project / "kmod/compat").mkdir()
    (project / "kmod/compat/task.h").write_text(line + "\n")
    done = check(project, "versions")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")
    for source in "kmod/folder/more.c", "kmod/Kbuild", f"{INCLUDE}/variable_monitor.h":
        before = (project / source).read_text()
        (project / source).write_text(f"{line}\n{before}")
        done = check(project, "versions")
        assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "0 passed, 1 failed")
        assert f"{source.removeprefix('kmod/')}:1:{line.splitlines()[0]}" in done.stdout
        (project / source).write_text(before)
