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

from .. import executor, installer
from ..errors import (
    AutoexecError,
    Cancelled,
    NeedsPerson,
    PhaseError,
)
from ..events import (
    Emit,
    Event,
    FixTried,
    PhaseFinished,
    PhaseStarted,
    Resolved,
    RunFinished,
    RunStarted,
)
from ..history import new_id
from ..values import Resolution, Verdict
from .building import build
from .plan import (
    PHASE_OF,
    Build,
    Check,
    Command,
    Deploy,
    Fix,
    Heal,
    Install,
    PhaseReport,
    Plan,
    Report,
    Script,
    Step,
    Sweep,
    Test,
    Undo,
)
from .processes import command
from .questions import recorded
from .scripting import check, script
from .surroundings import Surroundings
from .sweep import sweep
from .testing import test

UNDO = "what to take back"


def run(plan: Plan, emit: Emit, here: Surroundings) -> Report:
    """Carry out `plan` and return its report; nothing meant for the user is raised."""
    started = time.monotonic()
    reports: list[PhaseReport] = []
    tried: tuple[FixTried, ...] = ()
    try:
        plan = _begin(plan, emit)
        for step in plan.phases:
            reports.append(run_phase(step, plan, emit, here))
            if plan.fixing is not None and isinstance(step, Script) and _can_be_fixed(reports[-1]):
                from .fixers.scripted import mended  # which carries out phases itself

                reports[-1:], done = mended(step, plan, reports[-1], emit=emit, here=here)
                tried = done.tried
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
        tried=tried,
    )


def _can_be_fixed(report: PhaseReport) -> bool:
    """Whether it ran and failed: what was stopped or refused, or waits for a person, is not broken."""
    return report.verdict in (Verdict.FAILED, Verdict.TIMED_OUT) and report.outcome is not None


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


def _deploy(step: Deploy, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    from .releasing import deploy  # and what speaks with targets, which few runs do

    return deploy(step, plan, emit, here)


_PHASES: Mapping[type, Callable[..., PhaseReport]] = {
    Heal: _heal,
    Install: _install,
    Undo: _undo,
    Fix: _fix,
    Command: command,
    Check: check,
    Script: script,
    Sweep: sweep,
    Test: test,
    Build: build,
    Deploy: _deploy,
}


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
    if isinstance(step, Check):
        return f"the syntax of {len(step.scripts)} scripts"
    if isinstance(step, Script) and step.file is not None:
        return step.file.name
    if isinstance(step, Sweep):
        return f"{len(step.children)} runs, {min(step.jobs, len(step.children))} at a time"
    return _title_of_late(step)


def _title_of_late(step: Step) -> str:
    if isinstance(step, Build):
        return f"{', '.join(step.kinds) or 'what fits'} of {step.path.name}"
    if isinstance(step, Deploy):
        return f"{step.action} {step.service.name} to {step.service.target}"
    return step.language or "script" if isinstance(step, Script) else "pytest"


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
