"""gcc, clang, javac and linkers: the place, the package of a header, what the linker's last word hides."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


def captured(name):
    return diagnose_text((FAILURES / "compilers" / f"{name}.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "where", "why", "fix"),
    [
        ("header-not-found.pq", "main.c:1", "libpq-fe.h", "apt-get install libpq-dev"),
        ("header-not-found.python", "main.c:1", "Python.h", "apt-get install python3-dev"),
        ("header-not-found.quoted", "main.c:1", "mine.h", "add its folder with -I"),
        ("header-not-found.own", "main.c:1", "frob/own.h", "the development package that has that header"),
        ("library-not-found.openblas", "", "-lopenblas", "apt-get install libopenblas-dev"),
        ("library-not-found.frob", "", "-lfrob", "the package that has that library"),
        ("undefined-reference.math", "", "pow", "-lm"),
        ("undefined-reference.stdcpp", "", "std::cout", "g++ instead of gcc"),
        ("undefined-reference.cpp", "", "vtable for A", "virtual functions"),
        ("main-missing.gcc", "", "main", "as a library"),
        ("multiple-definition.gcc", "", "`x'", "extern"),
        ("wrong-architecture.arm", "", "file in wrong format", "this machine"),
        ("name-not-declared.gcc", "a.c:1", "totl", "declare it"),
        ("syntax.gcc", "a.c:1", "expected ‘;’", "that line"),
        ("warning-as-error.gcc", "a.c:1", "unused", "-Werror"),
        ("file-not-found.gcc", "", "nosuch.c", "nosuch.c"),
        ("package-not-found.javac", "B.java:1", "com.nosuch", "class path"),
        ("relocation-error.ld", "", "-fPIC", "-fPIC"),
    ],
)
def test_a_captured_failure_is_explained(name, where, why, fix):
    """What a compiler really wrote names the place, the thing and the next step."""
    seen = captured(name)
    assert (seen.where, seen.confidence) == (where, earned(seen.code, "certain"))
    assert why in seen.why
    assert fix in seen.fix


@pytest.mark.parametrize(
    ("line", "code", "where"),
    [
        ("a.c:1:10: fatal error: 'zlib.h' file not found", "header-not-found", "a.c:1"),
        ("a.cpp:3:5: error: use of undeclared identifier 'x'", "name-not-declared", "a.cpp:3"),
        ("ld.lld: error: undefined symbol: frob", "undefined-reference", ""),
        ("ld: library not found for -lfrob", "library-not-found", ""),
        ("error: command 'gcc' failed: No such file or directory", "compiler-not-found", ""),
        ("g++: fatal error: Killed signal terminated program cc1plus", "killed", ""),
        ("/usr/lib/gcc/x86_64-linux-gnu/12/include/x.h:9:2: error: #error no", "compile-error", "/usr/lib/gcc/x86_64-linux-gnu/12/include/x.h:9"),
    ],
)  # fmt: skip
def test_other_compilers_speak_alike(line, code, where):
    """clang, lld, Apple's ld and setuptools use forms of their own for the same things."""
    seen = diagnose_text(line)
    assert (seen.code, seen.where) == (code, where)


@pytest.mark.parametrize(
    "line",
    [
        "a.py:1:1: error: no types here [name-defined]",
        "time: error: 3",
        "x: error: y",
        "a.txt:1: error: z",
        "ImportError: /a.so: undefined symbol: f",
    ],
)
def test_what_is_no_compiler_of_c_is_left_alone(line):
    """mypy and anybody else write `error:` with a place, too."""
    assert [each.code for each in diagnose_log(line)] == []


def test_the_name_of_a_missing_library_never_becomes_a_package():
    """The text chooses from our table, or nothing."""
    seen = diagnose_text("/usr/bin/ld: cannot find -levil: No such file or directory\n")
    assert "apt-get" not in seen.fix
    assert "conda" not in seen.fix
