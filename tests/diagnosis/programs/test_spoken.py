"""What small programs of the system say."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome
from autoexec_magic.diagnosis.sureness import earned

CAPTURED = [
    ("cannot-encode.iconv", 1),
    ("date-out-of-range.date", 1),
    ("division-by-zero.expr", 2),
    ("file-exists.cp", 1),
    ("hash-mismatch.sha256sum", 1),
    ("invalid-argument.base64", 1),
    ("invalid-argument.chmod", 1),
    ("invalid-argument.date", 1),
    ("invalid-argument.find", 1),
    ("invalid-argument.head", 1),
    ("invalid-argument.mv", 1),
    ("invalid-argument.sleep", 1),
    ("invalid-argument.sort", 2),
    ("invalid-argument.tr", 1),
    ("invalid-name.chown", 1),
    ("invalid-name.id", 1),
    ("invalid-regex.find", 1),
    ("invalid-regex.grep", 2),
    ("invalid-regex.grep-bracket", 2),
    ("invalid-regex.grep-group", 2),
    ("invalid-regex.grep-perl", 2),
    ("invalid-regex.grep-range", 2),
    ("is-a-directory.cp", 1),
    ("missing-argument.cp", 1),
    ("missing-argument.find", 1),
    ("missing-argument.grep", 2),
    ("patch-failed.patch", 2),
    ("syntax.expr", 2),
    ("syntax.xargs", 1),
    ("unknown-option.dd", 1),
    ("unknown-option.find", 1),
    ("wrong-type.expr", 2),
    ("wrong-type.printf", 1),
]


@pytest.mark.parametrize(("name", "returncode"), CAPTURED)
def test_a_captured_failure_is_explained(name, returncode):
    """What was really written, with the exit code it came with, names the cause."""
    text = (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(returncode, text), language="bash")
    assert (seen.code, seen.confidence) == (name.partition(".")[0], earned(seen.code, "certain"))


@pytest.mark.parametrize(
    "line", ["a note: invalid date", "cut: a long story", "date: nothing invalid in it", "sort: by name"]
)
def test_words_that_only_sound_alike_are_left_alone(line):
    """The program's name and its words belong together."""
    assert diagnose_log(line) == ()


def test_a_name_that_holds_such_words_is_no_such_word():
    """What stands in quotes is somebody's file."""
    text = "ls: cannot access 'invalid user': No such file or directory"
    assert diagnose_outcome(outcome(2, text), language="bash").code == "file-not-found"
