"""What Terraform says."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome
from autoexec_magic.diagnosis.programs import terraform
from autoexec_magic.diagnosis.sureness import earned

CAPTURED = [
    ("cannot-convert.terraform", 1),
    ("circular-dependency.terraform", 1),
    ("declared-twice.terraform", 1),
    ("file-not-found.terraform", 1),
    ("file-not-found.terraform-vars", 1),
    ("key-not-found.terraform", 1),
    ("lockfile-outdated.terraform", 1),
    ("missing-argument.terraform", 1),
    ("name-not-declared.terraform", 1),
    ("name-not-declared.terraform-function", 1),
    ("not-a-project.terraform", 1),
    ("not-installed.terraform", 1),
    ("type-mismatch.terraform", 1),
    ("unknown-command.terraform", 1),
    ("unknown-option.terraform", 1),
    ("version-too-old.terraform", 1),
]


@pytest.mark.parametrize(("name", "returncode"), CAPTURED)
def test_a_captured_failure_is_explained(name, returncode):
    """What was really written, with the exit code it came with, names the cause."""
    text = (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(returncode, text), language="bash")
    assert seen.code == name.partition(".")[0]
    near = seen.code in terraform._NEAR_CONFIG  # may as well be called a wrong line of a configuration
    assert seen.confidence == ("likely" if near else earned(seen.code, "certain"))


@pytest.mark.parametrize("line", ["Error: Invalid index", "Error: Cycle: of life"])
def test_words_that_only_sound_alike_are_left_alone(line):
    """A title alone, without a place or a box, is anybody's."""
    assert diagnose_log(line) == ()
