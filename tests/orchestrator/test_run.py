"""A plan is carried out in order; each way to end has its verdict, and the record has its last event."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import requires

from autoexec_magic import errors, executor, testrunner
from autoexec_magic.config import Config
from autoexec_magic.errors import AutoexecError, Cancelled, NeedsPerson
from autoexec_magic.events import (
    Answered,
    Asked,
    Diagnosed,
    PhaseFinished,
    PhaseStarted,
    RunFinished,
    RunStarted,
)
from autoexec_magic.executor.cage import bubblewrap
from autoexec_magic.history import RUN_ID, new_id
from autoexec_magic.installer import Needed
from autoexec_magic.orchestrator import Command, Heal, Plan, Script, Step, Surroundings, Test, run, run_phase
from autoexec_magic.scripts import rooms
from autoexec_magic.values import Action, Question, Verdict

if TYPE_CHECKING:
    from autoexec_magic.orchestrator import Report

LIMIT = 0.5
SLEEP = "import time; print('begun', flush=True); time.sleep(30)"
RAISED = [
    cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, AutoexecError | Cancelled)
]
OK = Script(source="print('ok')")


def nobody(question: Question) -> bool:
    """Answer as where no person is."""
    raise NeedsPerson(question.text, why="; ".join(question.evidence), fix=question.fix)


@pytest.fixture
def here(tmp_path) -> Surroundings:
    """Return surroundings in which nobody answers."""
    return Surroundings(
        config=Config(),
        cwd=tmp_path,
        workspace=tmp_path,
        cache=tmp_path / "cache",
        ask=nobody,
        run_id=new_id(),
    )


@pytest.fixture
def unlisted(fake_bin) -> str:
    """Return the name of a program that the policy asks about."""
    fake_bin.write("frobnicate", "echo done")
    return "frobnicate"


def carry_out(*steps: Step, emit: object, here: Surroundings, **options: object) -> Report:
    """Run a plan of `steps` and check what holds for every run."""
    plan = Plan(verb="verb", title="title", phases=steps, **options)
    report = run(plan, emit, here)
    check_order(emit, report)
    return report


def kinds(emit: list[object]) -> list[str]:
    """Return the kinds of the events; how many pieces output came in is chance."""
    return [kind for kind, _ in itertools.groupby(type(event).__name__ for event in emit)]


def check_order(emit: list[object], report: Report) -> None:
    """Check that the run and each of its phases begin and end once, in order, as the report says."""
    assert emit[0] == RunStarted(verb="verb", title="title", cage="open", mechanism="limits")
    (finished,) = (event for event in emit if isinstance(event, RunFinished))
    assert emit[-1] is finished
    assert (finished.verdict, finished.seconds) == (report.verdict, report.seconds)
    frame = [event for event in emit if isinstance(event, PhaseStarted | PhaseFinished)]
    assert emit[1:-1][:1] == frame[:1]
    assert emit[1:-1][-1:] == frame[-1:]
    assert [type(event) for event in frame] == [PhaseStarted, PhaseFinished] * len(report.phases)
    assert [event.phase for event in frame[::2]] == [phase.phase for phase in report.phases]
    for event, phase in zip(frame[1::2], report.phases, strict=True):
        assert (event.phase, event.verdict, event.seconds) == (phase.phase, phase.verdict, phase.seconds)
    assert 0 <= sum(phase.seconds for phase in report.phases) <= report.seconds
    if report.error is None:
        assert (finished.why, finished.fix) == ("", "")
    else:
        assert finished.why.startswith(report.error.what)
        assert report.error.why in finished.why
        assert finished.fix == report.error.fix
        assert str(report.verdict) == report.error.verdict


def test_what_runs_passes(emit, here):
    """A script that ends with 0: its output is between the beginning and the end of its phase."""
    report = carry_out(OK, emit=emit, here=here)
    assert (report.verdict, report.error, report.run_id) == (Verdict.PASSED, None, here.run_id)
    assert kinds(emit) == ["RunStarted", "PhaseStarted", "Output", "PhaseFinished", "RunFinished"]
    assert report.outcome.stdout == emit.text("stdout") == "ok\n"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(Command(line="python -c 'print(1)'"), id="line"),
        pytest.param(Command(argv=("python", "-c", "print(1)")), id="argv"),
    ],
)
def test_a_command_is_a_line_or_an_argv(emit, here, command):
    """Both are the same program with the same words, and have the same title."""
    report = carry_out(command, emit=emit, here=here)
    assert report.verdict == Verdict.PASSED
    assert emit.text("stdout") == "1\n"
    assert emit[1] == PhaseStarted(phase="run", title="python -c 'print(1)'")


def test_what_fails_is_diagnosed(emit, here):
    """The verdict is failed; the error names the place, the cause and what to type."""
    report = carry_out(Script(source="a = 1\n1 / 0\n"), emit=emit, here=here)
    assert report.verdict == Verdict.FAILED
    assert emit.kinds()[-3:] == ["Diagnosed", "PhaseFinished", "RunFinished"]
    (diagnosed,) = (event for event in emit if isinstance(event, Diagnosed))
    assert diagnosed.diagnosis == report.diagnosis
    assert (report.diagnosis.code, report.diagnosis.where) == ("division-by-zero", "script.py:2")
    assert report.error.code == "script-failed"
    assert report.error.what == "the script ended with exit code 1"
    assert report.error.why.startswith("division-by-zero at script.py:2: ")
    assert report.error.fix == report.diagnosis.fix


def test_a_command_that_fails_names_itself(emit, here):
    """Which of several commands it was stands in the message."""
    report = carry_out(Command(argv=("python", "-c", "exit(3)")), emit=emit, here=here)
    assert (report.verdict, report.error.code) == (Verdict.FAILED, "phase-failed")
    assert report.error.what == "python -c 'exit(3)' ended with exit code 3"
    assert report.outcome.returncode == 3


def test_a_signal_is_told_as_such(emit, here):
    """A crash has no exit code."""
    report = carry_out(Script(source="import os; os.abort()"), emit=emit, here=here)
    assert report.error.what == f"the script was killed by SIGABRT (signal {int(signal.SIGABRT)})"
    assert (report.error.code, report.diagnosis.code) == ("killed-by-signal", "aborted")


def test_what_takes_too_long_is_timed_out(emit, here):
    """The limit is hit: that is no failure of the script, and what raises it can be typed, or clicked."""
    report = carry_out(Script(source=SLEEP), emit=emit, here=here, timeout=LIMIT)
    assert (report.verdict, report.error.code) == (Verdict.TIMED_OUT, "timeout")
    assert "--timeout 2" in report.error.fix
    assert report.diagnosis.action == Action(kind="limit", values=("--timeout", "2"))


@pytest.mark.parametrize(
    ("setting", "given", "ended"),
    [
        pytest.param(LIMIT, None, "timed-out", id="setting"),
        pytest.param(60.0, LIMIT, "timed-out", id="plan-is-shorter"),
        pytest.param(0.01, 60.0, "exited", id="plan-is-longer"),
        pytest.param(0.0, None, "exited", id="none"),
    ],
)
def test_the_plans_limit_wins_over_the_settings(emit, here, setting, given, ended):
    """Whoever types a limit means it; without one the setting holds; 0 is none."""
    here = dataclasses.replace(here, config=Config(timeout=setting))
    source = SLEEP if ended == "timed-out" else "print(1)"
    report = carry_out(Script(source=source), emit=emit, here=here, timeout=given)
    assert report.outcome.ended == ended


def test_what_is_stopped_is_cancelled(emit, here):
    """From another thread, as the button does."""
    cancel = executor.Cancel()
    here = dataclasses.replace(here, cancel=cancel, on_spawn=lambda process: cancel.set())
    report = carry_out(Script(source=SLEEP), OK, emit=emit, here=here)
    cancel.close()
    assert (report.verdict, report.error.code, len(report.phases)) == (Verdict.CANCELLED, "cancelled", 1)
    assert isinstance(report.error, Cancelled)
    assert "Diagnosed" not in emit.kinds()


def test_ctrl_c_while_a_child_runs_is_a_cancel(emit, here):
    """A real interrupt of this process ends the child, and is not raised here."""
    timers: list[threading.Timer] = []

    def interrupt(process: executor.ProcessId) -> None:
        timers.append(threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)))
        timers[0].start()

    here = dataclasses.replace(here, on_spawn=interrupt)
    report = carry_out(Script(source=SLEEP), emit=emit, here=here)
    assert report.verdict == Verdict.CANCELLED


def test_a_child_that_somebody_ended_from_outside_was_cancelled(emit, here):
    """The process dies of a signal; that somebody asked for it says the store."""
    asked: list[bool] = []

    def end(process: executor.ProcessId) -> None:
        asked.append(True)
        os.kill(process.pid, signal.SIGTERM)

    here = dataclasses.replace(here, on_spawn=end, is_cancelled=lambda: bool(asked))
    report = carry_out(Script(source=SLEEP), emit=emit, here=here)
    assert report.verdict == Verdict.CANCELLED
    assert "Diagnosed" not in emit.kinds()


def test_pytest_that_somebody_ended_from_outside_was_cancelled(emit, here):
    """pytest answers an interrupt with an exit code of its own: no test failed for that."""
    asked: list[bool] = []
    (here.cwd / "test_a.py").write_text(
        "import os, signal\ndef test_a():\n    os.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8"
    )
    here = dataclasses.replace(
        here, on_spawn=lambda process: asked.append(True), is_cancelled=lambda: bool(asked)
    )
    report = carry_out(Test(arguments=("-p", "no:cacheprovider")), emit=emit, here=here)
    assert report.outcome.returncode == 2
    assert report.verdict == Verdict.CANCELLED


def test_what_is_not_there_is_missing(emit, here):
    """A program that nobody has: nothing ran."""
    report = carry_out(Command(line="no-such-program-at-all x"), emit=emit, here=here)
    assert (report.verdict, report.error.code, report.outcome) == (Verdict.MISSING, "missing-tool", None)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Command(line="cat < .env"), id="a-secret"),
        pytest.param(Command(line="echo 'x"), id="an-open-quote"),
    ],
)
def test_what_the_policy_refuses_is_refused(emit, here, step):
    """Nothing ran, and how it may run is said."""
    report = carry_out(step, emit=emit, here=here)
    assert (report.verdict, report.error.code, report.outcome) == (Verdict.REFUSED, "policy-refused", None)
    assert report.error.why


def test_a_cage_that_cannot_be_had_is_refused(emit, here, monkeypatch):
    """A weaker level than asked for is an error; the first event has the level that was asked for."""
    monkeypatch.setattr(bubblewrap, "FOLDERS", ())
    plan = Plan(verb="verb", title="title", phases=(OK,), level="sealed")
    report = run(plan, emit, here)
    assert (report.verdict, report.error.code) == (Verdict.REFUSED, "cage-error")
    assert emit[0].cage == "sealed"
    assert emit.text() == ""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Return a project in a folder beside which there is a file that no cage lets through."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("", "utf-8")
    (tmp_path / "secret").write_text("s3cret", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder


@pytest.fixture
def caged() -> None:
    """Skip where there is no cage."""
    try:
        executor.cage.in_force("workspace")
    except AutoexecError as error:
        requires(False, error.why, error.fix)


@pytest.mark.usefixtures("caged")
def test_the_first_event_has_the_cage_in_force_and_what_was_seen(emit, here):
    """Which level, by what, and how many doors were tried."""
    run(Plan(verb="verb", title="title", phases=(OK,), level="workspace"), emit, here)
    force = executor.cage.in_force("workspace")
    assert (emit[0].cage, emit[0].mechanism) == ("workspace", force.mechanism)
    assert (emit[0].held, emit[0].tried, emit[0].open) == (force.held, force.tried, force.open)
    assert emit[0].held >= 40


@pytest.mark.usefixtures("caged")
def test_best_is_on_record_as_what_it_turned_out_to_be(emit, here):
    """`best` alone would tell nobody what kept the run in."""
    report = run(Plan(verb="verb", title="title", phases=(OK,), level="best"), emit, here)
    assert report.verdict == Verdict.PASSED
    assert emit[0].cage == executor.cage.choose("best") != "best"


@pytest.mark.usefixtures("caged")
def test_a_denial_is_told_from_an_ordinary_failure_with_the_option_that_allows_it(emit, here, project):
    """And with that option it passes."""
    here = dataclasses.replace(here, cwd=project, workspace=project)
    step = Script(source=f"print(open({str(project.parent / 'secret')!r}).read())")
    plan = Plan(verb="script", title="title", phases=(step,), level="workspace")
    report = run(plan, emit, here)
    assert report.verdict == Verdict.FAILED
    assert report.diagnosis.code == "cage-denied"
    assert str(project.parent / "secret") in report.error.why
    assert f"--read {project.parent / 'secret'}" in report.error.fix
    doors = executor.cage.doors_of(read=["../secret"], cwd=project)
    assert run(dataclasses.replace(plan, doors=doors), emit, here).outcome.stdout == "s3cret\n"


@pytest.mark.usefixtures("caged")
def test_an_ordinary_failure_in_a_cage_is_diagnosed_as_ever(emit, here, project):
    """Not everything that fails in a cage fails by it."""
    here = dataclasses.replace(here, cwd=project, workspace=project)
    plan = Plan(verb="script", title="t", phases=(Script(source="{}['key']"),), level="workspace")
    report = run(plan, emit, here)
    assert report.diagnosis.code != "cage-denied"
    assert report.outcome.denial is None


@pytest.mark.usefixtures("caged")
def test_a_file_that_governs_runs_and_was_not_there_is_told_when_a_run_makes_it(emit, here, project):
    """Nothing can be mounted over it, so it is compared; whoever trusts it has to look."""
    here = dataclasses.replace(here, cwd=project, workspace=project)
    step = Script(source="open('autoexec.toml', 'w').write('timeout = 1')")
    report = run(Plan(verb="script", title="t", phases=(step,), level="workspace"), emit, here)
    assert report.outcome.changed == (str((project / "autoexec.toml").resolve()),)
    assert "changed what governs runs" in emit.text()
    assert "autoexec.toml" in emit.text()


@pytest.mark.usefixtures("caged")
def test_what_a_run_leaves_below_its_home_is_told_as_it_is_removed(emit, here, project):
    """A caged `~` is a scratch folder: a result that is written there is gone, and nobody would know."""
    here = dataclasses.replace(here, cwd=project, workspace=project)
    source = (
        "import os\nos.makedirs(os.path.expanduser('~/out'))\nopen(os.path.expanduser('~/out/a.csv'), 'w')"
    )
    plan = Plan(verb="script", title="t", phases=(Script(source=source),), level="workspace")
    report = run(plan, emit, here)
    assert report.verdict == Verdict.PASSED
    assert report.outcome.discarded == ("out/a.csv",)
    assert "scratch folder in the cage, and removed: out/a.csv; write into the workspace" in emit.text(
        "stderr"
    )
    emit.clear()
    quiet = Script(
        source="import os, tempfile\nopen(os.path.expanduser('~/.cache'), 'w'); tempfile.mkstemp()"
    )
    report = run(dataclasses.replace(plan, phases=(quiet,)), emit, here)
    assert (report.verdict, report.outcome.discarded, emit.text()) == (Verdict.PASSED, (), "")


@pytest.mark.usefixtures("caged")
def test_failing_tests_do_not_hide_what_was_removed(emit, here, project):
    """Their report has an end of its own."""
    here = dataclasses.replace(here, cwd=project, workspace=project)
    (project / "test_it.py").write_text(
        "import os\ndef test_it():\n    open(os.path.expanduser('~/a'), 'w').close()\n    assert False\n"
    )
    report = run(Plan(verb="test", title="t", phases=(Test(),), level="workspace"), emit, here)
    assert report.verdict == Verdict.FAILED
    assert "and removed: a; write into the workspace" in emit.text("stderr")


def test_doors_without_a_cage_are_a_mistake_and_nothing_runs(emit, here):
    """The record begins and ends all the same."""
    doors = executor.cage.Doors(net="all")
    report = run(Plan(verb="sh", title="t", phases=(OK,), doors=doors), emit, here)
    assert (report.verdict, report.phases) == (Verdict.INVALID, ())
    assert kinds(emit) == ["RunStarted", "RunFinished"]
    assert emit[-1].fix == report.error.fix == "--cage workspace --net all"


def test_a_question_that_nobody_answers_is_asked(emit, here, unlisted):
    """Where no person is: the command that says yes is in the fix, and nothing ran."""
    report = carry_out(Command(line=f"{unlisted} x"), emit=emit, here=here)
    assert (report.verdict, report.error.code) == (Verdict.ASKED, "asked")
    assert report.error.fix == f"%autoexec sh --yes {unlisted} x"
    assert emit.text() == ""


@pytest.mark.parametrize(
    ("answer", "verdict", "word", "by"),
    [
        pytest.param(lambda question: True, Verdict.PASSED, "yes", "person", id="yes"),
        pytest.param(lambda question: False, Verdict.REFUSED, "no", "person", id="no"),
        pytest.param(nobody, Verdict.ASKED, "none", "nobody", id="nobody"),
    ],
)
def test_a_question_and_its_answer_are_on_the_record(emit, here, unlisted, answer, verdict, word, by):
    """What was asked, with its evidence, and who said what; the two belong together by their id."""
    seen: list[Question] = []

    def ask(question: Question) -> bool:
        seen.append(question)
        return answer(question)

    here = dataclasses.replace(here, ask=ask)
    report = carry_out(Command(line=unlisted), emit=emit, here=here)
    assert report.verdict == verdict
    asked, answered = (event for event in emit if isinstance(event, Asked | Answered))
    assert (asked.text, asked.evidence) == (seen[0].text, seen[0].evidence)
    assert unlisted in asked.text
    assert "not on the list" in asked.evidence[0]
    assert answered == Answered(question=asked.question, answer=word, by=by)
    assert RUN_ID.fullmatch(asked.question)
    assert emit.text() == ("done\n" if verdict == Verdict.PASSED else "")


def test_a_program_on_the_persons_list_is_still_asked_about_elsewhere(emit, here, unlisted):
    """The setting names a program; a stub of that name at the front of `PATH` is another one."""
    here = dataclasses.replace(here, config=Config(policy_programs=(unlisted,)))
    report = carry_out(Command(line=unlisted), emit=emit, here=here)
    assert report.verdict == Verdict.ASKED
    assert "not-in-a-program-folder" in emit[2].evidence[0]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Script(source=" \n"), id="empty-script"),
        pytest.param(Script(source="1", language="perl"), id="unknown-language"),
        pytest.param(Command(), id="empty-command"),
        pytest.param(Command(argv=("",)), id="empty-word"),
        pytest.param(Command(argv=("python", "a\0b")), id="nul"),
        pytest.param(Script(source="print('\ud800')"), id="half-a-character"),
    ],
)
def test_what_is_wrong_in_the_line_is_invalid(emit, here, step):
    """Nothing ran; the run has ended all the same."""
    report = carry_out(step, emit=emit, here=here)
    assert (report.verdict, report.error.code) == (Verdict.INVALID, "usage")


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((), id="no-phase"),
        pytest.param((Heal(needs=()),), id="nothing-needed"),
        pytest.param((Heal(needs=(Needed(1, "json"), Needed(2, "os.path"))),), id="nothing-missing"),
    ],
)
def test_nothing_to_do_is_skipped(emit, here, steps):
    """A run that had nothing to do is no failure, and says that it did nothing."""
    report = carry_out(*steps, emit=emit, here=here)
    assert (report.verdict, report.error) == (Verdict.SKIPPED, None)


def test_what_was_done_counts_more_than_what_was_not(emit, here):
    """One phase skipped and one passed is a run that passed."""
    report = carry_out(Heal(needs=(Needed(1, "json"),)), OK, emit=emit, here=here)
    assert [phase.verdict for phase in report.phases] == [Verdict.SKIPPED, Verdict.PASSED]
    assert report.verdict == Verdict.PASSED
    assert emit[1] == PhaseStarted(phase="install", title="json")


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        pytest.param(Script(source="exit(1)"), "failed", id="failed"),
        pytest.param(Command(line="no-such-program-at-all"), "missing", id="missing"),
        pytest.param(Command(line="sudo ls"), "refused", id="refused"),
        pytest.param(Script(source=""), "invalid", id="invalid"),
    ],
)
def test_the_first_failure_ends_the_plan(emit, here, step, verdict):
    """What comes after it is not begun; what came before it stays done."""
    report = carry_out(OK, step, OK, emit=emit, here=here)
    assert [str(phase.verdict) for phase in report.phases] == ["passed", verdict]
    assert str(report.verdict) == verdict


def test_a_stop_between_two_phases_is_heard(emit, here):
    """Who asks for the end while nothing runs is asked for before the next begins."""
    answers = iter([False, False, True])
    here = dataclasses.replace(here, is_cancelled=lambda: next(answers))
    report = carry_out(OK, OK, OK, emit=emit, here=here)
    assert [str(phase.verdict) for phase in report.phases] == ["passed", "cancelled"]
    assert "between two phases" in report.error.why
    assert emit.text() == "ok\n"


@pytest.mark.parametrize("cls", RAISED, ids=lambda cls: cls.__name__)
def test_nothing_that_is_meant_for_the_user_is_raised(emit, here, unlisted, cls):
    """Whatever a phase raises on purpose is its verdict, and the error is in the report."""

    def ask(question: Question) -> bool:
        raise cls("what", why="why", fix="fix")

    report = carry_out(Command(line=unlisted), emit=emit, here=dataclasses.replace(here, ask=ask))
    assert str(report.verdict) == cls.verdict
    assert type(report.error) is cls
    assert emit[-1] == RunFinished(verdict=report.verdict, seconds=report.seconds, why="what: why", fix="fix")


def test_an_interrupt_in_a_phase_is_a_cancel(emit, here, unlisted):
    """Ctrl-C at a question: the run ends in order."""

    def ask(question: Question) -> bool:
        raise KeyboardInterrupt

    report = carry_out(Command(line=unlisted), OK, emit=emit, here=dataclasses.replace(here, ask=ask))
    assert (report.verdict, report.error.code) == (Verdict.CANCELLED, "cancelled")
    assert len(report.phases) == 1


def test_a_fault_that_nobody_foresaw_ends_the_record_too(emit, here, monkeypatch):
    """A full disk, or a fault of ours: a run without a last event would look as if it went on for ever."""
    rooms.close()  # one that waits would do
    monkeypatch.setattr(tempfile, "tempdir", str(here.cwd / "gone"))
    with contextlib.suppress(OSError):
        run(Plan(verb="verb", title="title", phases=(OK,)), emit, here)
    assert emit.kinds() == ["RunStarted", "PhaseStarted", "PhaseFinished", "RunFinished"]
    assert emit[-1].verdict == Verdict.FAILED


@pytest.mark.parametrize(
    ("tests", "code", "verdict", "what"),
    [
        pytest.param("def test_a(): pass", 0, "passed", None, id="passed"),
        pytest.param("def test_a(): assert 0", 1, "failed", "some tests failed", id="failed"),
        pytest.param("", 5, "failed", "no test was found", id="none"),
    ],
)
def test_tests_pass_or_do_not(emit, here, tests, code, verdict, what):
    """pytest's exit code in words, what was counted as the reason, and how to run again what failed."""
    (here.cwd / "test_a.py").write_text(tests, encoding="utf-8")
    report = carry_out(Test(arguments=("-q", "-p", "no:cacheprovider")), emit=emit, here=here)
    assert (report.outcome.returncode, str(report.verdict)) == (code, verdict)
    if what:
        assert report.error.code == "cases-failed"
        assert what in report.error.what
        assert report.error.why == ("1 failed" if code == 1 else "")
    assert emit[1] == PhaseStarted(phase="test", title="pytest")


@pytest.mark.parametrize("code", sorted(testrunner.EXIT_CODES))
def test_every_exit_code_of_pytest_is_explained(emit, here, code):
    """In words, and with something to type next, whichever it is."""
    finish = f"def pytest_sessionfinish(session): session.exitstatus = {code}\n"
    (here.cwd / "conftest.py").write_text(finish, encoding="utf-8")
    (here.cwd / "test_a.py").write_text("def test_a(): assert 0\n", encoding="utf-8")
    report = carry_out(Test(), emit=emit, here=here)
    assert (report.outcome.returncode, report.verdict) == (code, Verdict.FAILED)
    assert (report.error.code, report.error.what) == ("cases-failed", testrunner.EXIT_CODES[code])
    assert report.error.fix


def test_pytest_that_takes_too_long_is_timed_out(emit, here):
    """A limit is a limit, whatever it hit."""
    (here.cwd / "test_a.py").write_text("import time; time.sleep(30)", encoding="utf-8")
    report = carry_out(Test(), emit=emit, here=here, timeout=LIMIT)
    assert (report.verdict, report.error.code) == (Verdict.TIMED_OUT, "timeout")


def test_the_settings_reach_the_process(emit, here, monkeypatch):
    """Variables that the person or the line names are seen, others are not; output is cut where they say."""
    for name in ("MY_REGION", "LINE_REGION", "OTHER"):
        monkeypatch.setenv(name, "north")
    here = dataclasses.replace(here, config=Config(pass_on=("MY_*",), keep_mb=1 / 1024))
    source = (
        "import os\n"
        "print([name for name in ('MY_REGION', 'LINE_REGION', 'OTHER') if name in os.environ])\n"
        "print(os.environ['AUTOEXEC_RUN_ID'], 'x' * 10_000)"
    )
    report = carry_out(Script(source=source), emit=emit, here=here, pass_on=("LINE_REGION",))
    assert emit.text().startswith(f"['MY_REGION', 'LINE_REGION']\n{here.run_id} x")
    assert report.outcome.dropped_bytes == len(report.outcome.stdout) - len(emit.text())
    assert "Truncated" in emit.kinds()


def test_a_script_runs_in_the_working_directory(emit, here):
    """The surroundings say where, not this process."""
    carry_out(Script(source="import os; print(os.getcwd())"), emit=emit, here=here)
    assert emit.text("stdout").strip() == str(Path(here.cwd).resolve())


def test_a_script_has_its_language_and_arguments(emit, here):
    """The plan names them; without a language the first line does."""
    script = Script(source="import sys; print(sys.argv[1:])", language="python", arguments=("a b", "-c"))
    report = carry_out(script, emit=emit, here=here)
    assert emit.text("stdout") == "['a b', '-c']\n"
    assert emit[1].title == "python"
    assert report.outcome.argv[0] == sys.executable


@pytest.mark.parametrize("given", ["", new_id()], ids=["none", "given"])
def test_a_phase_alone_has_a_run_too(emit, here, given):
    """Where nothing is recorded, its processes are found by an id of their own."""
    here = dataclasses.replace(here, run_id=given)
    plan = Plan(verb="verb", title="title", phases=())
    report = run_phase(Script(source="import os; print(os.environ['AUTOEXEC_RUN_ID'])"), plan, emit, here)
    assert report.verdict == Verdict.PASSED
    assert kinds(emit) == ["PhaseStarted", "Output", "PhaseFinished"]
    run_id = emit.text().strip()
    assert run_id == given or RUN_ID.fullmatch(run_id)


TOKEN = "ghp_" + "a1B2" * 9


def test_a_command_reads_what_it_is_given(emit, here):
    """And then finds the end."""
    report = carry_out(Command(argv=("cat",), stdin="a\nb"), emit=emit, here=here)
    assert report.outcome.stdout == "a\nb"


def test_code_that_is_read_is_judged_as_an_argument(emit, here):
    """What the policy sees is another command than what runs, of the same program."""
    asked = []

    def yes(question: Question) -> bool:
        asked.append(question.text)
        return True

    step = Command(argv=("bash",), stdin="touch ran\n", judged_as=("bash", "-c", "echo $(seen)"))
    assert carry_out(step, emit=emit, here=here).verdict == Verdict.ASKED
    assert not (here.cwd / "ran").exists()
    emit.clear()
    assert carry_out(step, emit=emit, here=dataclasses.replace(here, ask=yes)).verdict == Verdict.PASSED
    assert asked == ["run bash -c 'echo $(seen)' ?"]
    assert (here.cwd / "ran").exists()
    emit.clear()
    other = dataclasses.replace(step, judged_as=("echo", "seen"))
    assert carry_out(other, emit=emit, here=here).verdict == Verdict.INVALID


def test_a_run_whose_end_was_asked_for_starts_nothing_more(emit, here):
    """The request came while a command of the line was just over: the one that is noted has ended."""
    noted = []
    here = dataclasses.replace(here, on_spawn=noted.append, is_cancelled=lambda: len(noted) > 1)
    report = carry_out(Command(line="touch first && touch second; sleep 60"), emit=emit, here=here)
    assert report.verdict == Verdict.CANCELLED
    assert len(noted) == 2
    assert not executor.is_alive(noted[1])


@pytest.mark.parametrize("how", [{"argv": ("env",)}, {"line": "env"}], ids=["argv", "line"])
def test_variables_of_a_command_are_set_for_it(emit, here, how):
    """On top of those that are passed on."""
    report = carry_out(Command(variables=(("MY_DATA", "here"),), **how), emit=emit, here=here)
    assert "MY_DATA=here\n" in report.outcome.stdout


@pytest.mark.parametrize("is_raw", [True, False])
@pytest.mark.parametrize("how", [{"argv": ("echo", TOKEN)}, {"line": f"echo {TOKEN}"}], ids=["argv", "line"])
def test_output_is_left_as_it_is_where_it_is_asked_for(emit, here, how, is_raw):
    """Else it is masked."""
    report = carry_out(Command(is_raw=is_raw, **how), emit=emit, here=here)
    assert report.outcome.stdout == (TOKEN if is_raw else "***") + "\n"
