"""What verbs have to say: text for people, records for machines."""

from __future__ import annotations

import pytest

from autoexec_magic import api
from autoexec_magic.errors import PhaseError, UsageError
from autoexec_magic.ui import speak, verbs
from autoexec_magic.values import Candidate, Resolution, Verdict


def said(line, cell=None):
    """Return what a line has to say to plain Python."""
    return verbs.parse(line, cell).run(api.PYTHON)


def test_each_line_of_a_cell_is_a_command(workdir):
    """Comments and blank lines are not; a backslash joins two lines."""
    said("sh", "# a comment\ntouch one\n\ntouch \\\n  two\n")
    assert sorted(path.name for path in workdir.iterdir()) == ["one", "two"]


def test_a_command_line_and_a_cell_run_in_order(workdir):
    """The line first."""
    found = said("sh touch first", "ls\n")
    assert found.value.outcome.stdout == "first\n"


def test_a_run_that_failed_is_a_record_with_its_diagnosis():
    """Built from the report that the error carries."""
    with pytest.raises(PhaseError) as caught:
        said("script", "1/0\n")
    spoken = speak.of_error("script", caught.value)
    assert [record["kind"] for record in spoken.records] == ["Diagnosis"]
    assert (spoken.result.verdict, spoken.result.added["exit_code"]) == (Verdict.FAILED, 1)
    assert spoken.result.added["is_tail"] is False


def test_an_error_without_a_run_is_a_record_too():
    """With what, why and fix."""
    with pytest.raises(UsageError) as caught:
        said("runs show nosuch")
    spoken = speak.of_error("runs", caught.value)
    assert (spoken.result.code, spoken.result.added["fix"]) == (2, "%autoexec runs lists them")


def test_what_is_cut_is_said():
    """A machine must know that it reads the end of an output only."""
    spoken = said("sh seq 1 30000")
    assert spoken.result.added["is_tail"] is True


def test_a_replay_shows_bars_once_and_where_output_is_missing(workdir, monkeypatch):
    """Head, a line that says how much is not there, tail."""
    monkeypatch.setenv("AUTOEXEC_KEEP_MB", "0.002")
    (workdir / "say.py").write_text(
        "import sys\nfor n in range(100): sys.stdout.write(f'\\r{n} %')\n"
        "print()\nfor n in range(5000): print('line', n)\n"
    )
    report = said("sh --yes python say.py").value
    lines = said(f"runs show {report.run_id[-8:]}").text.splitlines()
    (cut,) = [number for number, line in enumerate(lines) if "bytes of stdout were not kept" in line]
    assert lines[1] == "99 %"
    assert lines[2] == "line 0"
    assert lines[cut - 1].startswith("line")
    assert lines[-2] == "line 4999"
    assert all(line.startswith("line") for line in lines[cut + 1 : -1])


def test_a_resolution_reads_from_its_decision_to_what_to_type():
    """First line the verdict, last line the next command."""
    found = Resolution(
        module="x",
        cls="third-party",
        decision="ask",
        distribution="x",
        candidates=(Candidate(distribution="x", version="1.0"),),
        evidence=("x is only the same name",),
        fix="%autoexec install x",
    )
    assert speak.describe(found).splitlines() == [
        "x: third-party · would ask about x 1.0",
        "  because: x is only the same name",
        "  fix: %autoexec install x",
    ]


def test_a_run_is_replayed_with_its_head_and_verdict():
    """What it was, what it wrote, how it ended."""
    report = api.sh("echo replayed")
    lines = said(f"runs show {report.run_id[-8:]}").text.splitlines()
    assert lines[0].startswith("── sh echo replayed")
    assert lines[1:-1] == ["replayed"]
    assert lines[-1].startswith("── passed")


@pytest.mark.parametrize(
    "line", ["runs replay x", "runs show", "runs --limit 0", "cancel", "sh --env A=1 ls"]
)
def test_what_cannot_be_meant_is_refused(line):
    """With what can."""
    with pytest.raises(UsageError) as caught:
        said(line)
    assert caught.value.fix


def test_a_misspelt_variable_is_said():
    """Else it would be missed much later, inside the program."""
    with pytest.raises(UsageError, match="there is no variable NO_SUCH_VARIABLE"):
        said("sh --env NO_SUCH_VARIABLE ls")
