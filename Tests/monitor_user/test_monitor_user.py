# SPDX-License-Identifier: Apache-2.0
"""monitor_user.h: compiles without warnings, takes only what can be watched, and
behaves over a fake kernel."""

import errno
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "Sources/CVariableMonitor/include"
STRICT = "-Wall -Wextra -pedantic -Wshadow -Wconversion -Wsign-conversion -Werror".split()
LANGUAGES = {
    "c11": ["gcc", "-std=c11"],
    "gnu11": ["gcc", "-std=gnu11"],
    "c++17": ["g++", "-std=c++17"],
    "c++20": ["g++", "-std=c++20"],
}
# Sources of the tests need POSIX; the header alone must do with strict C11.
POSIX = ["-D_GNU_SOURCE"]
WRAP = ["-Wl,--wrap=open,--wrap=close,--wrap=ioctl"]


def compile(language, *arguments, warnings=STRICT):
    compiler = LANGUAGES[language]
    kind = ["-x", "c++" if compiler[0] == "g++" else "c"]
    return subprocess.run([*compiler, *warnings, f"-I{INCLUDE}", f"-I{HERE}", *kind, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def check(result):
    assert result.returncode == 0, result.stderr
    return result.stdout


def compile_source(folder, language, source, warnings=STRICT):
    """What the compiler says to a file that includes the header."""
    file = folder / "source.c"
    file.write_text(f'#include "monitor_user.h"\n{source}\n')
    return compile(language, "-O2", "-fsyntax-only", file, warnings=warnings)


def names_of_tests():
    """Of the tests in monitor_user_test.c."""
    return re.findall(r"^\tTEST\((\w+)\),$", (HERE / "monitor_user_test.c").read_text(), re.MULTILINE)


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """monitor_user_test, once in C and once in C++; each with a second file in the other language."""
    folder = tmp_path_factory.mktemp("programs")

    def build(language, other):
        objects = []
        for source, of in [("monitor_user_test", language), ("other_file", other), ("fake_kernel", "c11")]:
            objects.append(folder / f"{source}-{language}.o")
            check(compile(of, *POSIX, "-g", "-O1", "-c", HERE / f"{source}.c", "-o", objects[-1]))
        program = folder / f"test-{language}"
        check(subprocess.run(["g++", *WRAP, "-pthread", *objects, "-o", program],
                             capture_output=True, text=True))
        return program

    return {"c11": build("c11", "c++17"), "c++17": build("c++17", "c11")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiles_without_warnings(language, tmp_path):
    check(compile_source(tmp_path, language, ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_programs_do_not_inherit_the_device(language, tmp_path):
    """Strict C11 has the flag under another name."""
    keyword = "static_assert" if "++" in language else "_Static_assert"
    check(compile_source(tmp_path, language,
                         f'{keyword}(MONITOR_OPEN_FLAGS == (O_WRONLY | {os.O_CLOEXEC}), "");'))


@pytest.mark.parametrize("language", LANGUAGES)
def test_takes_every_qualifier(language, tmp_path):
    atomic = "std::atomic<int>" if "++" in language else "_Atomic int"
    check(compile_source(tmp_path, language, f"""
        static int plain; static volatile int seen; static const volatile int shown = 1;
        static {atomic} counted; static int many[8];
        int start(void);
        int start(void)
        {{
            return START_WATCH_INT("plain", &plain, 150) + START_WATCH_INT("seen", &seen, 150)
                + START_WATCH_INT("shown", &shown, 150) + START_WATCH_INT_LESS("counted", &counted, 150)
                + START_WATCH_INT("many", many + 3, 150) + START_WATCH_INT("many", many, 150L);
        }}"""))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("type", ["unsigned int", "long", "short", "char", "float", "double", "int *", "void"])
def test_takes_no_pointer_to_another_type(language, type, tmp_path):
    """Not even where compilers merely warn, for a user may build without -Werror."""
    def start(type):
        return compile_source(tmp_path, language, f"""
            int start({type} *variable);
            int start({type} *variable) {{ return START_WATCH_INT("v", variable, 1); }}""", warnings=["-w"])

    check(start("int"))
    assert start(type).returncode != 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_conditions_take_every_qualifier_and_kind(language, tmp_path):
    atomic = "std::atomic<unsigned>" if "++" in language else "_Atomic unsigned"
    check(compile_source(tmp_path, language, f"""
        static volatile double real; static const volatile float shown = 1; static {atomic} counted; static char many[8];
        int start(unsigned long mask, int limit);
        int start(unsigned long mask, int limit)
        {{
            struct vmon_watch_condition condition = WATCH_OUTSIDE("real", &real, 0.1, 0.9);
            struct vmon_watch_state state;
            __u64 ids[2];

            condition.ticks = 3;
            return start_watch_condition(&condition) + change_watch(&condition) + watch_state(condition.watch.id, &state)
                + list_watches(ids, 2) + cancel_one_watch(ids[0])
                + START_WATCH_ABOVE_REARM("shown", &shown, limit, 0.5) + START_WATCH_BELOW_REARM("real", &real, 1, 2)
                + START_WATCH_EQUAL("counted", &counted, limit) + START_WATCH_NOT_EQUAL("many", many, 'x')
                + START_WATCH_CHANGED("many", many + 3) + START_WATCH_CHANGED_BY("real", &real, 0.5f)
                + START_WATCH_UNCHANGED("counted", &counted, 50 * 1000 * 1000)
                + START_WATCH_BITS_ANY("counted", &counted, mask) + START_WATCH_BITS_ALL("many", &many[2], 3u);
        }}"""))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("type", ["bool", "long double", "int *", "void", "struct watch_arg", "__int128"])
def test_conditions_take_no_pointer_to_what_cannot_be_watched(language, type, tmp_path):
    def start(type):
        return compile_source(tmp_path, language, f"""
            #include <stdbool.h>
            int start({type} *variable);
            int start({type} *variable) {{ return START_WATCH_CHANGED("v", variable); }}""", warnings=["-w"])

    check(start("unsigned char"))
    assert start(type).returncode != 0


@pytest.mark.parametrize("language", ["c11", "c++17"])
@pytest.mark.parametrize("name", names_of_tests())
def test_over_a_fake_kernel(programs, language, name):
    check(subprocess.run([programs[language], name], capture_output=True, text=True, timeout=60))


@pytest.mark.parametrize("language", ["c11", "c++17"])
def test_no_test_is_left_out(programs, language):
    listed = check(subprocess.run([programs[language]], capture_output=True, text=True)).split()
    assert listed == names_of_tests() and len(listed) > 10


def test_a_shared_library_shares_the_device_with_its_program(tmp_path):
    """One session per process, wherever the watches are started."""
    library, program, main = tmp_path / "libother.so", tmp_path / "main", tmp_path / "main.c"
    main.write_text("""
        #include <stdio.h>
        #include "monitor_user.h"
        int *device_of_library(void);
        int main(void) { puts(&monitor_device == device_of_library() ? "one" : "two"); return 0; }
    """)
    part = tmp_path / "part.c"
    part.write_text("""
        #include "monitor_user.h"
        int *device_of_library(void);
        int *device_of_library(void) { return &monitor_device; }
    """)
    check(compile("c11", "-fPIC", "-shared", part, "-o", library))
    check(compile("c11", main, "-x", "none", library, "-o", program, f"-Wl,-rpath,{tmp_path}"))
    assert check(subprocess.run([program], capture_output=True, text=True)) == "one\n"


def errnos_of_the_abi():
    found = re.findall(r"^ \*   (E[A-Z]+) ", (INCLUDE / "variable_monitor.h").read_text(), re.MULTILINE)
    assert len(found) >= 12
    return found


@pytest.fixture(scope="session")
def sentences(tmp_path_factory):
    """monitor_strerror() of every errno."""
    folder = tmp_path_factory.mktemp("sentences")
    source, program = folder / "sentences.c", folder / "sentences"
    source.write_text("""
        #include <stdio.h>
        #include "monitor_user.h"
        int main(void) { for (int i = -1; i < 200; i++) printf("%d %s\\n", i, monitor_strerror(i)); return 0; }
    """)
    check(compile("c11", source, "-o", program))
    lines = check(subprocess.run([program], capture_output=True, text=True)).splitlines()
    return {int(number): text for number, text in (line.split(" ", 1) for line in lines)}


# The device is open for writing only, so the module never answers with EBADF.
@pytest.mark.parametrize("name", ["ENXIO", "ENOENT", "ENODEV", "EACCES", "EMFILE", "ENFILE", "ENOTTY", "EINTR"]
                         + [name for name in errnos_of_the_abi() if name != "EBADF"])
def test_says_what_to_do_next(sentences, name):
    text = sentences[getattr(errno, name)]
    assert re.fullmatch(r"[A-Z/].*\. (Align|Cancel|Check|Choose|Close|Load|Pass|Raise|Run|Set|Try) .+", text), text
    assert text.isascii()


def test_says_how_to_load_the_module(sentences):
    assert "insmod kmod/variable_monitor.ko" in sentences[errno.ENOENT]
    assert "/dev/variable_monitor" in sentences[errno.ENOENT]


def test_knows_a_next_step_for_other_errors_too(sentences):
    assert "dmesg" in sentences[-1] and "dmesg" in sentences[errno.EXFULL]
