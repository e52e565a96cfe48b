"""What the end of a process means for its phase."""

from __future__ import annotations

import pytest

from autoexec_magic import errors
from autoexec_magic.api import nobody
from autoexec_magic.config import Config
from autoexec_magic.events import Diagnosed
from autoexec_magic.orchestrator import Plan, Surroundings, processes
from autoexec_magic.values import LimitHit, Outcome, Verdict


@pytest.fixture
def here(tmp_path) -> Surroundings:
    return Surroundings(
        config=Config(), cwd=tmp_path, workspace=tmp_path, cache=tmp_path / "cache", ask=nobody
    )


@pytest.mark.parametrize(
    ("returncode", "ended", "kind"),
    [
        (0, "exited", None),
        (1, "exited", errors.ScriptError),
        (-9, "timed-out", errors.RunTimeout),
        (-9, "cancelled", errors.Cancelled),
    ],
)
def test_each_end_has_its_error(emit, here, returncode, ended, kind):
    """Only a process that ended by itself has a failure of its own, and that one is explained."""
    outcome = Outcome(
        argv=("python",), returncode=returncode, ended=ended, seconds=1.0, stderr="KeyError: 'a'\n"
    )
    report = processes.judged(outcome, "run", processes.SCRIPT, "python", emit, here)
    assert type(report.error) is (kind or type(None))
    assert report.verdict == Verdict(report.error.verdict if report.error else "passed")
    told = [event.diagnosis.code for event in emit if isinstance(event, Diagnosed)]
    assert told == (["key-not-found"] if kind is errors.ScriptError else [])


def test_the_limit_of_the_plan_comes_before_the_setting(here):
    """What stands on the line is what a person wants now."""
    plan = Plan(verb="script", title="", phases=(), timeout=3.0)
    assert processes.bounds(plan, here)["timeout"] == 3.0


def test_what_the_reason_says_is_no_evidence_again(emit, here):
    """The measurement of a limit is in its why already."""
    hit = LimitHit(kind="memory", most=2**20, seen="the kernel killed it", confidence="certain")
    outcome = Outcome(argv=("python",), returncode=-9, seconds=1.0, ended="limited", limit=hit)
    report = processes.judged(outcome, "run", processes.SCRIPT, "python", emit, here)
    assert report.diagnosis.evidence == ("the kernel killed it",)
    assert str(report.error).count("the kernel killed it") == 1
