"""What Poetry says."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome
from autoexec_magic.diagnosis.sureness import earned

CAPTURED = [
    ("python-unsupported.poetry", 1),
    ("lockfile-outdated.poetry", 1),
    ("manifest-not-found.poetry", 1),
    ("invalid-manifest.poetry", 1),
]


@pytest.mark.parametrize(("name", "returncode"), CAPTURED)
def test_a_captured_failure_is_explained(name, returncode):
    """What was really written, with the exit code it came with, names the cause."""
    text = (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(returncode, text), language="bash")
    assert (seen.code, seen.confidence) == (name.partition(".")[0], earned(seen.code, "certain"))


def test_a_package_that_is_not_there_is_only_likely_so():
    """The index may have been out of reach."""
    text = (FAILURES / "programs" / "version-not-found.poetry.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(1, text), language="bash")
    assert (seen.code, seen.confidence) == ("version-not-found", "likely")


@pytest.mark.parametrize("line", ["version solving is an art", "The current project is fine"])
def test_words_that_only_sound_alike_are_left_alone(line):
    """Whole sentences only."""
    assert diagnose_log(line) == ()
