"""What is told of each captured failure of Python's, as it was captured and as the exception itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from capture import sources

from autoexec_magic.diagnosis import diagnose_text, python

HERE = Path(__file__).parent
FAILURES = HERE.parent / "data" / "failures"
_TABLE = (FAILURES / "python-told.tsv").read_text(encoding="utf-8")
TOLD = [line.split("\t") for line in _TABLE.splitlines()[1:]]
NAMES = [row[0] for row in TOLD]
# What the raw text of a script's own words is: there is nothing of Python's in it.
NOT_PYTHONS = {"nonzero-exit": "error"}


def captured(name):
    return (FAILURES / "python" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "code", "confidence", "where", "action", "fix"), TOLD, ids=NAMES)
def test_a_captured_failure_is_told(name, code, confidence, where, action, fix):
    """Its code is the file's name; place, fix, confidence and action are what was looked at once."""
    seen = diagnose_text(captured(name))
    assert seen.code == code == NOT_PYTHONS.get(name, name.partition(".")[0])
    assert seen.confidence == confidence
    assert seen.where == ("" if where == "-" else where)
    assert seen.fix == fix
    done = f"{seen.action.kind} {' '.join(seen.action.values)}".strip() if seen.action else "-"
    assert done == action


NO_EXCEPTION = ("wrong-usage", "wrong-usage.cell", "module-not-found.option", "file-not-found.script")


# What the command said stands above the exception, which the quick way alone looks at.
OF_A_COMMAND = ("file-not-found.command", "file-not-found.command-output")


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in (*NO_EXCEPTION, *NOT_PYTHONS, *OF_A_COMMAND)]
)
def test_the_code_alone_is_the_same(name):
    """The quick way to the code, and the whole diagnosis, never differ."""
    assert python.code_of_text(captured(name)) == name.partition(".")[0]


def test_every_captured_text_is_told_of():
    """A captured text that no test reads proves nothing."""
    assert {row[0] for row in TOLD} == {path.stem for path in (FAILURES / "python").glob("*.txt")}
    assert len(TOLD) >= 500


def test_the_captured_texts_are_small_and_name_no_machine():
    """They are data, and everybody's."""
    for path in (FAILURES / "python").glob("*.txt"):
        assert path.stat().st_size <= 20_000


EACH = pytest.param(1, marks=[pytest.mark.slow, pytest.mark.limit(600)], id="each")
THIRD = pytest.param(3, marks=pytest.mark.limit(300), id="every-third")


@pytest.fixture(scope="module", params=[THIRD, EACH])
def probed(request):
    """Return what is told of scripts that can fail here, run as they are, each in a process of its own."""
    names = sorted(sources())[:: request.param]
    done = subprocess.run(
        [sys.executable, str(HERE / "probe.py"), *names],
        cwd=HERE.parents[1],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HERE.parents[1]), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    # A library that is not here is another failure than the captured one.
    return [one for one in found if not one["missing"] or one["name"].startswith("module-not-found")]


def test_an_exception_and_its_traceback_are_told_alike(probed):
    """Object and text: the same code, the same line, and the code alone is that code, too."""
    assert len(probed) > 80
    differing = [
        one
        for one in probed
        if len({one["object"], one["text"], *one["codes"]}) != 1
        or one["places"][0].rpartition("/")[2] != one["places"][1].rpartition("/")[2]
        or one["confidences"][0] != one["confidences"][1]
    ]
    assert differing == []


def test_what_fails_here_is_what_was_captured(probed):
    """The code is the one that the script is named after; pickles see that exec() runs them."""
    other = {one["name"]: one["object"] for one in probed if one["object"] != one["name"].partition(".")[0]}
    assert set(other) <= {"pickle-class-missing", "shape-mismatch.torch-loss", *OF_A_COMMAND}
