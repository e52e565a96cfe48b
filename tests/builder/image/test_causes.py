"""Why a step failed: by what its log shows, as a person who reads it would say."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import causes
from autoexec_magic.errors import BuildError

PIP = """Collecting numpy
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection \
broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to \
establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/numpy/
ERROR: Could not find a version that satisfies the requirement numpy (from versions: none)
ERROR: No matching distribution found for numpy
"""
MAKE = """gcc -o x x.c
x.c: In function 'main':
x.c:3:5: error: 'foo' undeclared (first use in this function)
    3 |     foo;
      |     ^~~
make: *** [Makefile:2: x] Error 1
"""
PYTEST = """============================= test session starts ==============================
tests/test_x.py F                                                        [100%]
=================================== FAILURES ===================================
____________________________________ test_b ____________________________________
    def test_b():
>       assert 1 == 2
E       assert 1 == 2
tests/test_x.py:4: AssertionError
=========================== short test summary info ============================
FAILED tests/test_x.py::test_b - assert 1 == 2
"""


def explained(lines):
    """Return an error that was explained."""
    failed = BuildError("the image x was not built")
    causes.explain(failed, lines)
    return failed


@pytest.mark.parametrize(
    ("log", "why", "fix"),
    [
        (PIP, "Temporary failure in name resolution", "the network"),
        (MAKE, "x.c:3: 'foo' undeclared (first use in this function)", "declare it first"),
        (MAKE + "note: more\n" * 60, "x.c:3: 'foo' undeclared", "declare it first"),
        (PYTEST, "tests/test_x.py:4: assert 1 == 2", "compare both sides"),
        ("E: Unable to locate package foo\n", "Unable to locate package foo", "apt-get update first"),
        ("ModuleNotFoundError: No module named 'foo'\n", "No module named 'foo'", "mend what the step says"),
        ("one\nE: no such thing\n", "E: no such thing", "mend what the step says"),
        ("", "it wrote nothing", "mend what the step says"),
    ],
)
def test_the_cause_is_told_and_not_the_last_line(log, why, fix):
    """With what to do, and each line once."""
    failed = explained(log.splitlines())
    assert why in failed.why
    assert fix in failed.fix
    assert "then %autoexec build image" in failed.fix
    assert "resolve" not in failed.fix
    assert len(set(failed.evidence)) == len(failed.evidence)
    assert failed.why not in failed.evidence


def test_a_step_s_words_are_taken_out_of_buildkits():
    """Those of the step that failed."""
    said = "".join(f"#7 0.{number}00 {line}\n" for number, line in enumerate(MAKE.splitlines()))
    log = f"#5 0.100 curl: (6) Could not resolve host: a.example\n#5 DONE 0.1s\n#7 [2/2] RUN make\n{said}"
    log += '#7 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2\n------\n'
    assert causes.of_progress(log) == MAKE.splitlines()
    assert explained(causes.of_progress(log)).why.startswith("x.c:3: 'foo' undeclared")
    assert causes.of_progress("ERROR: failed to solve: x\n") == []
