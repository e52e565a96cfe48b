"""Carry out a plan: each phase is a function of its input, the surroundings and `emit`.

A phase returns its report or raises `AutoexecError`; here, and only here, that
becomes a verdict. The phases `install`, `run` and `test` exist so far; a later
one is a class in `plan.py` and a row in `_PHASES`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from .. import diagnosis, executor, installer, scripts, testrunner
from ..errors import (
    AutoexecError,
    Cancelled,
    CasesFailed,
    NeedsPerson,
    PhaseError,
    RunTimeout,
    ScriptError,
)
from ..events import (
    Diagnosed,
    Emit,
    Event,
    Output,
    PhaseFinished,
    PhaseStarted,
    Resolved,
    RunFinished,
    RunStarted,
)
from ..history import new_id
from ..values import Diagnosis, Outcome, Phase, Resolution, Verdict
from .plan import (
    PHASE_OF,
    Command,
    Fix,
    Heal,
    Install,
    PhaseReport,
    Plan,
    Report,
    Script,
    Step,
    Test,
    Undo,
)
from .questions import recorded
from .rules import limits_of, rules_for
from .surroundings import Surroundings

SCRIPT = "the script"
UNDO = "what to take back"
_CHANGED = "\nautoexec: this run changed what governs runs: {}; look at it before you trust it\n"
_DISCARDED = (
    "\nautoexec: written below ~, which is a scratch folder in the cage, and removed: {};"
    " write into the workspace, or open a folder with --write and name it by its own path\n"
)


def run(plan: Plan, emit: Emit, here: Surroundings) -> Report:
    """Carry out `plan` and return its report; nothing meant for the user is raised."""
    started = time.monotonic()
    reports: list[PhaseReport] = []
    try:
        plan = _begin(plan, emit)
        for step in plan.phases:
            reports.append(run_phase(step, plan, emit, here))
            if not reports[-1].verdict.is_good:
                break
    except AutoexecError as refusal:  # no such cage: nothing was run
        return _not_begun(plan, refusal, time.monotonic() - started, emit, here)
    except BaseException as fault:  # of ours: the record must not look as if the run went on
        seconds = time.monotonic() - started
        emit(RunFinished(verdict=Verdict.FAILED, seconds=seconds, why=type(fault).__name__))
        raise
    verdict = _sum(reports)
    error = reports[-1].error if reports else None
    seconds = time.monotonic() - started
    why, fix = (_why(error), error.fix) if error else ("", "")
    emit(RunFinished(verdict=verdict, seconds=seconds, why=why, fix=fix))
    return Report(
        verb=plan.verb,
        verdict=verdict,
        seconds=seconds,
        run_id=here.run_id,
        phases=tuple(reports),
        error=error,
    )


def _begin(plan: Plan, emit: Emit) -> Plan:
    """Tell of the run and the cage it is in; return the plan with the level in force."""
    try:
        force = executor.cage.in_force(plan.level, plan.doors)
    except AutoexecError:
        emit(RunStarted(verb=plan.verb, title=plan.title, cage=plan.level))
        raise
    emit(
        RunStarted(
            verb=plan.verb,
            title=plan.title,
            cage=force.level,
            mechanism=force.mechanism,
            held=force.held,
            tried=force.tried,
            open=force.open,
        )
    )
    return replace(plan, level=force.level)


def _not_begun(plan: Plan, refusal: AutoexecError, seconds: float, emit: Emit, here: Surroundings) -> Report:
    verdict = Verdict(refusal.verdict)
    emit(RunFinished(verdict=verdict, seconds=seconds, why=_why(refusal), fix=refusal.fix))
    return Report(verb=plan.verb, verdict=verdict, seconds=seconds, run_id=here.run_id, error=refusal)


def run_phase(step: Step, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Carry out one phase and return its report."""
    phase = PHASE_OF[type(step)]
    here = replace(here, run_id=here.run_id or new_id())
    here = replace(here, ask=recorded(here, emit, plan.options()))
    started = time.monotonic()
    emit(PhaseStarted(phase=phase, title=_title(step)))
    found: list[Resolution] = []
    try:
        if here.is_cancelled():
            raise Cancelled(f"{plan.verb} was stopped", why="somebody asked for its end between two phases")
        sink = _noting(found, emit) if phase == "install" else emit
        report = _PHASES[type(step)](step, plan, sink, here)
    except (AutoexecError, Cancelled) as error:
        verdict = Verdict(error.verdict)
        # What was found out counts most where it led to a question that nobody answered.
        report = PhaseReport(phase=phase, verdict=verdict, seconds=0.0, resolutions=tuple(found), error=error)
    except KeyboardInterrupt:
        stopped = Cancelled(f"{plan.verb} was stopped")
        report = PhaseReport(phase=phase, verdict=Verdict.CANCELLED, seconds=0.0, error=stopped)
    except OSError as error:  # a full disk, a folder that is gone
        fault = PhaseError(f"{plan.verb} could not go on", why=str(error), fix="%autoexec doctor")
        report = PhaseReport(phase=phase, verdict=Verdict.FAILED, seconds=0.0, error=fault)
    except BaseException:
        emit(PhaseFinished(phase=phase, verdict=Verdict.FAILED, seconds=time.monotonic() - started))
        raise
    report = replace(report, seconds=time.monotonic() - started)
    emit(PhaseFinished(phase=phase, verdict=report.verdict, seconds=report.seconds))
    return report


def _noting(found: list[Resolution], emit: Emit) -> Emit:
    """Return a sink that passes each event on and keeps what was resolved in `found`."""

    def sink(event: Event) -> None:
        if isinstance(event, Resolved):
            found.append(event.resolution)
        emit(event)

    return sink


def _heal(step: Heal, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Install what is missing; what stays missing and is required stops the run before it starts.

    Where no index can be reached nothing more can be found out: the run does what it can.
    """
    context = context_of(emit, here)
    resolutions, installed = installer.heal(step.needs, context)
    done = {candidate.distribution for item in resolutions if (candidate := item.chosen)} & {
        item.distribution for item in installed
    }
    open_ = [item for item in resolutions if item.distribution not in done]
    # Another kernel may have installed it meanwhile: what counts is what is here now.
    absent = installer.missing(step.needs, context.folders) if open_ else []
    lacking = [
        item
        for item in open_
        if installer.is_required(item, absent)
        and item.cls in ("third-party", "invented")
        and item.fix != installer.CHECK_NETWORK
    ]
    if lacking:
        raise NeedsPerson(
            f"{', '.join(item.module for item in lacking)} {'is' if len(lacking) == 1 else 'are'} missing,"
            " and nothing was run",
            why="; ".join(dict.fromkeys(line for item in lacking for line in item.evidence)),
            fix="; ".join(dict.fromkeys(item.fix for item in lacking if item.fix)),
        )
    still = {need.module for need in absent}
    there = [item.module for item in open_ if not any(installer.is_about(item, name) for name in still)]
    verdict = Verdict.PASSED if installed else Verdict.SKIPPED
    return PhaseReport(
        phase="install",
        verdict=verdict,
        seconds=0.0,
        resolutions=tuple(resolutions),
        installed=tuple(installed),
        there=tuple(there),
    )


def _install(step: Install, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    resolutions, installed = installer.install_named(step.names, context_of(emit, here))
    verdict = Verdict.PASSED if installed else Verdict.SKIPPED
    return PhaseReport(
        phase="install",
        verdict=verdict,
        seconds=0.0,
        resolutions=tuple(resolutions),
        installed=tuple(installed),
    )


def _undo(step: Undo, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    done = installer.undo_install(context_of(emit, here))
    return PhaseReport(
        phase="install",
        verdict=Verdict.SKIPPED if done is None else Verdict.PASSED,
        seconds=0.0,
        installed=done.restored if done else (),
        removed=done.removed if done else (),
    )


def _fix(step: Fix, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    from .fixing import fix, sync  # and what writes into projects and notebooks, which few runs do

    done = (sync if step.sync else fix)(step, context_of(emit, here))
    has_done = done.installed or (done.fixed and done.fixed.written)
    verdict = Verdict.PASSED if has_done else Verdict.SKIPPED
    return PhaseReport(
        phase="install",
        verdict=Verdict(done.error.verdict) if done.error else verdict,
        seconds=0.0,
        resolutions=done.resolutions,
        installed=done.installed,
        fixed=done.fixed,
        error=done.error,
    )


def _command(step: Command, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    policy = rules_for(step, here)
    bounds = _bounds(plan, here)
    if step.argv:
        outcome = executor.run(
            step.argv,
            emit=emit,
            cwd=here.cwd,
            env=dict(step.variables),
            stdin=step.stdin,
            judged_as=step.judged_as,
            policy=policy,
            ask=here.ask,
            raw=step.is_raw,
            **bounds,
        )
        what = executor.shown(step.argv)
    else:
        outcome = executor.run_line(
            step.line,
            emit=emit,
            workspace=here.workspace,
            cwd=here.cwd,
            env=dict(step.variables),
            policy=policy,
            ask=here.ask,
            raw=step.is_raw,
            **bounds | {"on_spawn": _noted(plan, here)},
        )
        what = executor.shown(step.line)
    return _judged(outcome, "run", what, "bash", emit, here)


def _script(step: Script, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    language = scripts.language_of(step.source, step.language)
    outcome = scripts.run(
        step.source, language, emit=emit, arguments=step.arguments, cwd=here.cwd, **_bounds(plan, here)
    )
    return _judged(outcome, "run", SCRIPT, language.name, emit, here)


def _test(step: Test, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    outcome = testrunner.run(step.arguments, emit=emit, cwd=here.cwd, **_bounds(plan, here))
    is_over = outcome.ended == "exited" and not here.is_cancelled()
    if is_over and outcome.returncode in testrunner.EXIT_CODES:
        last = [line.strip("= ") for line in outcome.stdout.splitlines() if line.strip("= ")][-1:]
        _note(outcome, "test", emit)
        error = CasesFailed(
            testrunner.EXIT_CODES[outcome.returncode], why="".join(last), fix=_TEST_FIXES[outcome.returncode]
        )
        return PhaseReport(phase="test", verdict=Verdict.FAILED, seconds=0.0, outcome=outcome, error=error)
    return _judged(outcome, "test", "pytest", "python", emit, here)


_TEST_FIXES = {
    1: "%autoexec test --lf runs what failed again",
    2: "mend what pytest could not collect, shown above",
    3: "see pytest's own traceback above; try -p no:NAME for the plugin it names",
    4: "%autoexec sh pytest --help shows pytest's options",
    5: "check the paths, and what -k and -m leave",
    6: "mend what the warnings say, or raise pytest's --max-warnings",
}
_PHASES: Mapping[type, Callable[..., PhaseReport]] = {
    Heal: _heal,
    Install: _install,
    Undo: _undo,
    Fix: _fix,
    Command: _command,
    Script: _script,
    Test: _test,
}


def _judged(
    outcome: Outcome, phase: Phase, what: str, language: str, emit: Emit, here: Surroundings
) -> PhaseReport:
    """Turn how a process ended into the verdict of its phase, with a diagnosis."""
    _note(outcome, phase, emit)
    is_stopped = outcome.ended == "cancelled" or here.is_cancelled()
    if outcome.passed and not is_stopped:
        return PhaseReport(phase=phase, verdict=Verdict.PASSED, seconds=0.0, outcome=outcome)
    found = _denied(outcome) or diagnosis.diagnose_outcome(outcome, language=language)
    if found and what == SCRIPT:  # its file lies in a folder that is gone by now
        found = replace(found, where=Path(found.where).name)
    error: AutoexecError | Cancelled
    if is_stopped:
        error = Cancelled(
            f"{what} was stopped after {outcome.seconds:.1f} s", why="all its processes were ended"
        )
    elif outcome.ended == "timed-out":
        error = RunTimeout(
            f"{what} was ended after {outcome.seconds:.1f} s",
            why="its time limit was hit",
            fix="raise --timeout SECONDS",
        )
    else:
        if found:
            emit(Diagnosed(diagnosis=found))
        kind = ScriptError if what == SCRIPT else PhaseError
        error = kind(
            f"{what} ended with {_ending(outcome)}", why=_in_one_line(found), fix=found.fix if found else ""
        )
    return PhaseReport(
        phase=phase,
        verdict=Verdict(error.verdict),
        seconds=0.0,
        outcome=outcome,
        diagnosis=found,
        error=error,
    )


def _note(outcome: Outcome, phase: Phase, emit: Emit) -> None:
    """Say what a run left behind that a person has to know of."""
    for text, files in ((_CHANGED, outcome.changed), (_DISCARDED, outcome.discarded)):
        if files:
            emit(Output(phase=phase, stream="stderr", text=text.format(", ".join(files))))


def _denied(outcome: Outcome) -> Diagnosis | None:
    """Return the diagnosis of what the cage kept a run from."""
    denial = outcome.denial
    if denial is None:
        return None
    fix = f"add {denial.option}, if what runs may have that" if denial.option else ""
    return Diagnosis(code="cage-denied", why=denial.why, fix=fix, confidence="likely")


def _ending(outcome: Outcome) -> str:
    return f"signal {-outcome.returncode}" if outcome.returncode < 0 else f"exit code {outcome.returncode}"


def _in_one_line(found: Diagnosis | None) -> str:
    if found is None:
        return ""
    place = f" at {found.where}" if found.where else ""
    return f"{found.code}{place}: {found.why}"


def _bounds(plan: Plan, here: Surroundings) -> executor.Bounds:
    return {
        "timeout": plan.timeout or here.config.timeout or None,
        "level": plan.level,
        "doors": plan.doors,
        "limits": limits_of(here.config, is_caged=plan.level != "open"),
        "pty": plan.pty,
        "pass_on": (*here.config.pass_on, *plan.pass_on),
        "keep_bytes": int(here.config.keep_mb * 2**20),
        "cancel": here.cancel,
        "on_spawn": here.on_spawn,
        "run_id": here.run_id,
    }


def _noted(plan: Plan, here: Surroundings) -> Callable[[executor.ProcessId], None]:
    """Return what notes each child of a line, and ends it where the run's end was asked for before.

    Whoever asks for it from outside ends the child that is noted; that may be
    one that has just ended, and the next command of the line starts.
    """

    def noted(process: executor.ProcessId) -> None:
        if here.on_spawn is not None:
            here.on_spawn(process)
        if here.is_cancelled():
            raise Cancelled(f"{plan.verb} was stopped", why="somebody asked for its end between two commands")

    return noted


def context_of(emit: Emit, here: Surroundings) -> installer.Context:
    """Return what the installer needs to know of a run's surroundings."""
    return installer.Context(
        config=here.config,
        folders=tuple(dict.fromkeys((here.cwd, here.workspace))),
        cache=here.cache,
        emit=emit,
        ask=here.ask,
        run_id=here.run_id,
        cancel=here.cancel,
    )


def _title(step: Step) -> str:
    if isinstance(step, Heal):
        return ", ".join(dict.fromkeys(need.module for need in step.needs))
    if isinstance(step, Install):
        return ", ".join(step.names)
    if isinstance(step, Undo):
        return UNDO
    if isinstance(step, Fix):
        return ", ".join(path.name for path in step.paths)
    if isinstance(step, Command):
        return step.line or shlex.join(step.argv)
    return "pytest" if isinstance(step, Test) else step.language or "script"


def _why(error: AutoexecError | Cancelled) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _sum(reports: list[PhaseReport]) -> Verdict:
    """Return the verdict of the run: that of what failed, else whether anything was done."""
    if not reports:
        return Verdict.SKIPPED
    if not reports[-1].verdict.is_good:
        return reports[-1].verdict
    done = any(report.verdict == Verdict.PASSED for report in reports)
    return Verdict.PASSED if done else Verdict.SKIPPED
