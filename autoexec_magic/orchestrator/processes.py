"""The phases that start a process of the user's, a command; and what the end of any means."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Mapping

from .. import diagnosis, executor
from ..errors import (
    AutoexecError,
    Cancelled,
    CpuLimit,
    FileSizeLimit,
    KilledBySignal,
    MemoryLimit,
    OpenFilesLimit,
    OutputLimit,
    PhaseError,
    ProcessLimit,
    RunTimeout,
    ScriptError,
)
from ..events import Diagnosed, Emit, Output
from ..values import Action, Diagnosis, LimitKind, Outcome, Phase, Verdict
from . import nearby
from .plan import Command, PhaseReport, Plan
from .rules import limits_of, rules_for
from .surroundings import Surroundings

SCRIPT = "the script"
_CHANGED = "\nautoexec: this run changed what governs runs: {}; look at it before you trust it\n"
_DISCARDED = (
    "\nautoexec: written below ~, which is a scratch folder in the cage, and removed: {};"
    " write into the workspace, or open a folder with --write and name it by its own path\n"
)
_PASSED_ALL_THE_SAME = "\nautoexec: it came up against its {}, and passed all the same: {}\n"
_LIMITS: Mapping[LimitKind, type[RunTimeout]] = {
    "timeout": RunTimeout,
    "memory": MemoryLimit,
    "cpu": CpuLimit,
    "output": OutputLimit,
    "processes": ProcessLimit,
    "file-size": FileSizeLimit,
    "open-files": OpenFilesLimit,
}


def command(step: Command, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Run a command or a line."""
    policy = rules_for(step, here)
    common = bounds(plan, here)
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
            **common,
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
            **common | {"on_spawn": _noted(plan, here)},
        )
        what = executor.shown(step.line)
    return judged(outcome, "run", what, "bash", emit, here, around=nearby.around(plan, here))


def judged(
    outcome: Outcome,
    phase: Phase,
    what: str,
    language: str,
    emit: Emit,
    here: Surroundings,
    *,
    placed: Callable[[Diagnosis], Diagnosis] = lambda found: found,
    around: diagnosis.Around = diagnosis.NOTHING,
) -> PhaseReport:
    """Turn how a process ended into the verdict of its phase, with a diagnosis.

    `placed` names the places of one as a person knows them, `around` is what
    is known beside it.
    """
    note(outcome, phase, emit)
    is_stopped = outcome.ended == "cancelled" or here.is_cancelled()
    if outcome.passed and not is_stopped:
        return PhaseReport(phase=phase, verdict=Verdict.PASSED, seconds=0.0, outcome=outcome)
    found = diagnosis.diagnose_outcome(outcome, language=language, around=around)
    found = found if outcome.limit else _denied(outcome, found) or found
    found = placed(found) if found else None
    error: AutoexecError | Cancelled
    if is_stopped:
        error = Cancelled(
            f"{what} was stopped after {outcome.seconds:.1f} s", why="all its processes were ended"
        )
    else:
        if found and (outcome.limit or outcome.ended == "exited"):
            emit(Diagnosed(diagnosis=found))
        error = _error_of(outcome, what, found)
        error.evidence = tuple(line for line in found.evidence if line not in found.why) if found else ()
    return PhaseReport(
        phase=phase,
        verdict=Verdict(error.verdict),
        seconds=0.0,
        outcome=outcome,
        diagnosis=found,
        error=error,
    )


def _error_of(outcome: Outcome, what: str, found: Diagnosis | None) -> AutoexecError:
    """Return what kept a process from passing that nobody stopped: a limit, a signal, or its own end."""
    why, fix = in_one_line(found), found.fix if found else ""
    if outcome.ended == "timed-out":
        return RunTimeout(f"{what} was ended after {outcome.seconds:.1f} s", why=why, fix=fix)
    if outcome.limit is not None:
        return _LIMITS[outcome.limit.kind](
            f"{what} came up against its {diagnosis.limit_words(outcome.limit)}", why=why, fix=fix
        )
    if outcome.returncode < 0:
        return KilledBySignal(f"{what} was killed by {signal_words(-outcome.returncode)}", why=why, fix=fix)
    kind = ScriptError if what == SCRIPT else PhaseError
    return kind(f"{what} ended with exit code {outcome.returncode}", why=why, fix=fix)


def signal_words(number: int) -> str:
    """Return a signal as people name it.

    >>> signal_words(11), signal_words(40)
    ('SIGSEGV (signal 11)', 'signal 40')
    """
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"


def note(outcome: Outcome, phase: Phase, emit: Emit) -> None:
    """Say what a run left behind that a person has to know of."""
    if outcome.passed and outcome.limit is not None:
        text = _PASSED_ALL_THE_SAME.format(diagnosis.limit_words(outcome.limit), outcome.limit.seen)
        emit(Output(phase=phase, stream="stderr", text=text))
    for text, files in ((_CHANGED, outcome.changed), (_DISCARDED, outcome.discarded)):
        if files:
            emit(Output(phase=phase, stream="stderr", text=text.format(", ".join(files))))


def _denied(outcome: Outcome, at: Diagnosis | None) -> Diagnosis | None:
    """Return the diagnosis of what the cage kept a run from; `at` knows the place, if anything does."""
    denial = outcome.denial
    if denial is None:
        return None
    fix = f"add {denial.option}, if what runs may have that" if denial.option else ""
    words = shlex.split(denial.option)
    return Diagnosis(
        code="cage-denied",
        why=denial.why,
        fix=fix,
        confidence="likely",
        where=at.where if at else "",
        frame=at.frame if at else None,
        evidence=(f"{denial.door}: {denial.thing}",),
        action=Action(kind="allow", values=tuple(words)) if words and "PORTS" not in words else None,
    )


def in_one_line(found: Diagnosis | None) -> str:
    """Return a diagnosis as the reason of an error."""
    if found is None:
        return ""
    place = f" at {found.where}" if found.where else ""
    return f"{found.code}{place}: {found.why}"


def bounds(plan: Plan, here: Surroundings) -> executor.Bounds:
    """Return what every process of a run is started with."""
    return {
        "timeout": plan.timeout or here.config.timeout or None,
        "level": plan.level,
        "doors": plan.doors,
        "limits": limits_of(here.config, is_caged=plan.level != "open", given=plan.limits),
        "pty": plan.pty,
        "pass_on": (*here.config.pass_on, *plan.pass_on),
        "keep_bytes": int(here.config.keep_mb * 2**20),
        "cancel": here.cancel,
        "on_spawn": here.on_spawn,
        "run_id": here.run_id,
        "within": here.within,
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
