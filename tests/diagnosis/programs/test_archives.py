"""What tar, gzip and unzip say."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("not-an-archive.tar", "error page"),
        ("not-an-archive.unzip", "error page"),
        ("archive-cut.tar", "again"),
        ("member-not-found.tar", "tar tf"),
        ("file-not-found.tar", "path"),
        ("missing-argument.tar", "what goes into it"),
    ],
)
def test_a_captured_failure_is_explained(name, fix):
    """tar's last line only repeats; gzip's is the reason."""
    seen = diagnose_text((FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8"))
    assert (seen.code, seen.confidence) == (name.partition(".")[0], earned(seen.code, "certain"))
    assert fix in seen.fix


def test_another_program_s_archive_is_not_tars():
    """The words need the name before them."""
    assert diagnose_log("my backup: does not look like a tar archive to me") == ()
