"""Plans and reports are values: they can be shown, compared and kept."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from autoexec_magic.errors import ScriptError
from autoexec_magic.orchestrator import Command, Heal, Install, PhaseReport, Plan, Report, Script, Step, Test
from autoexec_magic.orchestrator.plan import PHASE_OF
from autoexec_magic.values import Diagnosis, Outcome, Phase, Verdict

FIRST = Outcome(argv=("a",), returncode=0, ended="exited", seconds=1.0)
SECOND = Outcome(argv=("b",), returncode=1, ended="exited", seconds=1.0)
DIAGNOSIS = Diagnosis(code="nonzero-exit", why="exit code 1")
PLAN = Plan(verb="sh", title="ls", phases=(Command(line="ls"), Test()))


def phase(**fields: object) -> PhaseReport:
    """Return the report of a phase."""
    return PhaseReport(phase="run", verdict=Verdict.PASSED, seconds=1.0, **fields)


def report(*phases: PhaseReport) -> Report:
    """Return the report of a run."""
    return Report(verb="sh", verdict=Verdict.FAILED, seconds=1.234, phases=phases)


def test_every_step_has_its_phase():
    """A step that no phase carries out could not run."""
    assert PHASE_OF.keys() == set(typing.get_args(Step))
    assert set(PHASE_OF.values()) <= set(typing.get_args(Phase))
    assert [PHASE_OF[step] for step in (Heal, Install, Command, Script, Test)] == [
        *("install", "install", "run", "run", "test")
    ]


@pytest.mark.parametrize(
    "value",
    [
        PLAN,
        Command(line="ls"),
        Script(source="1"),
        Test(),
        Install(names=("a",)),
        Heal(needs=()),
        phase(),
        report(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_frozen(value):
    """What was decided does not change while it is carried out."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, "other")


def test_equal_plans_are_equal():
    """A plan is what it says: it can be compared, and be a key."""
    again = Plan(verb="sh", title="ls", phases=(Command(line="ls"), Test()))
    assert again == PLAN
    assert len({again, PLAN}) == 1


def test_a_plan_is_careful_by_itself():
    """No variable is passed on, no limit is set, and the cage is the one there is."""
    assert (PLAN.timeout, PLAN.level, PLAN.pass_on) == (None, "open", ())


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        pytest.param([], None, id="no-phase"),
        pytest.param([phase()], None, id="no-process"),
        pytest.param([phase(outcome=FIRST), phase(outcome=SECOND)], SECOND, id="the-last"),
        pytest.param([phase(outcome=FIRST), phase()], FIRST, id="the-last-that-there-is"),
    ],
)
def test_a_reports_outcome_is_that_of_the_last_process(phases, outcome):
    """Phases without a process have none."""
    assert report(*phases).outcome is outcome


def test_a_reports_diagnosis_is_the_last_one():
    """The phase that failed is the last one."""
    assert report().diagnosis is None
    assert report(phase(), phase(diagnosis=DIAGNOSIS)).diagnosis is DIAGNOSIS


def test_a_report_is_one_line():
    """A report that somebody prints says how it ended, what it was and how long it took."""
    assert str(report()) == repr(report()) == "failed · sh · 1.23 s"


def test_a_report_shows_nothing_by_itself():
    """As the value of a cell it is silent: what there is to see was shown while it ran."""
    assert report()._ipython_display_() is None


def test_a_report_keeps_its_error():
    """The one who raises it can be found from it, and the other way round."""
    error = ScriptError("the script ended with exit code 1")
    kept = dataclasses.replace(report(), error=error)
    error.report = kept
    assert kept.error.report is kept


def test_pytest_takes_the_step_for_no_test():
    """Its name begins with `Test`."""
    assert Test.__test__ is False
