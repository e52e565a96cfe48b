"""What make, ninja and cmake say."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    ("name", "where", "why", "fix"),
    [
        ("make-syntax.separator", "m3:2", "missing separator", "tab"),
        ("no-make-rule.file", "", "'b.c'", "needs a rule"),
        ("no-makefile.make-plain", "", "no makefile found", "make -C"),
        ("command-not-found.make-nested", "", "frobnicate", "install frobnicate"),
        ("package-not-found.cmake", "CMakeLists.txt:3", '"Frob"', "CMAKE_PREFIX_PATH"),
        ("package-not-found.cmake-module", "CMakeLists.txt:4", "Could NOT find HDF5", "libhdf5-dev"),
        ("compiler-not-found.cmake-c", "CMakeLists.txt:2", "/nosuch/cc", "build-essential"),
        ("version-too-old.cmake", "CMakeLists.txt:1", "9.10", "newer CMake"),
        ("file-not-found.cmake", "CMakeLists.txt:3", "nosuch.c", "CMakeLists.txt"),
        ("cmake-failed.message", "CMakeLists.txt:3", "we need more", "CMake names"),
    ],
)
def test_a_captured_failure_is_explained(name, where, why, fix):
    """The project's own line, not that of a module of CMake's."""
    seen = diagnose_text((FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8"))
    assert (seen.code, seen.where) == (name.partition(".")[0], where)
    assert seen.confidence == earned(seen.code, "certain")
    assert why in seen.why
    assert fix in seen.fix


def test_ninja_only_repeats():
    """What the compiler wrote above it is the reason."""
    text = "a.c:1:1: error: expected ';' before 'x'\nninja: build stopped: subcommand failed.\n"
    assert [each.code for each in diagnose_log(text)] == ["syntax"]
    (alone,) = diagnose_log(text.partition("\n")[2])
    assert alone.code == "make-failed"


def test_stars_in_a_log_are_no_make():
    """A banner is no failure."""
    assert diagnose_log("*** starting ***\n**** done\n") == ()
