"""What small tools say."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    "name",
    [
        "unknown-option.ls",
        "file-in-use.umount",
        "connection-refused.psql",
        "file-not-found.psql",
        "syntax.jq",
        "syntax.awk",
        "syntax.sed",
        "syntax.perl",
        "syntax.sqlite",
        "invalid-json.jq",
        "module-not-found.perl",
        "table-not-found.sqlite",
    ],
)
def test_a_captured_failure_is_explained(name):
    """Each speaks in a form of its own."""
    seen = diagnose_text((FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8"))
    assert (seen.code, seen.confidence) == (name.partition(".")[0], earned(seen.code, "certain"))


@pytest.mark.parametrize(
    "line",
    [
        "Can't locate the file",
        "awk: a language",
        "syntax error at dinner",
        "an unrecognized option 'x' of law",
    ],
)
def test_words_that_only_sound_alike_are_left_alone(line):
    """The tool's name and form belong to it."""
    assert diagnose_log(line) == ()
