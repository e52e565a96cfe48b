"""Fix a script that failed: within the same run, on the same record.

What runs again is the script alone, as it was started, but for what the fix
changed. Its file, where it came from one, is written only when what runs has
passed and a person says yes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...config import Config
from ...errors import AutoexecError, Cancelled, NeedsPerson
from ...events import Emit, Output
from ...executor.cage import CAGED
from ...installer import Needed
from ...values import Ask, Diagnosis, Question, Verdict
from ..healing import Healing
from ..plan import Fixing, PhaseReport, Plan, Script
from ..questions import recorded
from ..rules import limits_of
from ..run import run_phase
from ..scripting import job_of
from ..surroundings import Surroundings
from .actions import machine_memory
from .attempt import Attempt, Failure, Hands, Left
from .files import Changed, rewrite
from .mending import Mended, Thinks, mend
from .patch import diff
from .rounds import Budget, Rounds
from .sent import homes, in_source, shortened

LAST_CHARS = 8_000  #: of what a script wrote
# Each limit with the field of `Limits` that it is.
_LIMITS = {
    "--memory": "memory_bytes",
    "--cpu": "cpu_seconds",
    "--processes": "processes",
    "--file-size": "file_bytes",
    "--open-files": "open_files",
    "--output-limit": "output_bytes",
}


def mended(
    step: Script, plan: Plan, first: PhaseReport, *, emit: Emit, here: Surroundings
) -> tuple[list[PhaseReport], Mended]:
    """Fix the script of `step`, which failed as `first` says.

    Returns
    -------
    list of PhaseReport, Mended
        `first` and the phases that were carried out for it, that of the run
        which counts last, and what came of it.
    """
    fixing = plan.fixing or Fixing()
    attempt = _attempt_of(step, plan, here)
    work = _Work(step, plan, emit, here, reports=[first], ended={attempt.digest: first})
    budget = Budget(rounds=int(here.config.fix_rounds), seconds=here.config.fix_seconds)
    rounds = Rounds(budget)
    hands = _hands(fixing, plan, work)
    thinking = thinks(fixing, hands, emit, here)
    done = mend(_failure_of(first, step), attempt, work.again, hands, rounds, emit=emit, thinks=thinking)
    counts = work.ended[done.attempt.digest]  # not that of a patch which was dropped
    last = replace(counts, diagnosis=_with_story(counts.diagnosis, done), error=_told(counts.error, done))
    if done.is_stopped:
        stopped = Cancelled("fixing was stopped", why="; ".join(done.story))
        last = replace(last, verdict=Verdict.CANCELLED, error=stopped)
    if done.passed and fixing.file and done.attempt.source != attempt.source:
        _offer(fixing, attempt, done, emit=emit, here=here)
    others = [report for report in work.reports if report is not counts]
    return [*others, last], done


@dataclass(slots=True)
class _Work:
    """The phases carried out for one script; `ended` is how each attempt ended, by its digest."""

    step: Script
    plan: Plan
    emit: Emit
    here: Surroundings
    reports: list[PhaseReport]
    ended: dict[str, PhaseReport]
    healing: Healing | None = field(default=None)

    def again(self, attempt: Attempt) -> Failure | None:
        """Run the script once more."""
        limits = dict(attempt.limits)
        raised = {field: int(limits[option]) for option, field in _LIMITS.items() if limits.get(option)}
        here = replace(self.here, cwd=attempt.folder)
        plan = replace(
            self.plan,
            timeout=limits.get("--timeout") or self.plan.timeout,
            limits=replace(self.plan.limits, **raised),
            doors=attempt.doors,
        )
        is_patched = attempt.source != self.step.source
        step = replace(self.step, source=attempt.source, is_patched=is_patched, is_checked=False)
        report = run_phase(step, plan, self.emit, here)
        self.reports.append(report)
        self.ended[attempt.digest] = report
        return None if report.verdict.is_good else _failure_of(report, self.step)

    def install(self, modules: tuple[str, ...]) -> tuple[str, ...]:
        """Make modules importable by proof; return what was installed."""
        person = self.here.person or self.here.ask
        self.healing = self.healing or Healing(self.plan, self.emit, self.here, person=person)
        report = self.healing.heal([Needed(1, module) for module in modules])
        if report is not None:
            self.reports.append(report)
        return installed_by(report, modules)


def _attempt_of(step: Script, plan: Plan, here: Surroundings) -> Attempt:
    job = job_of(step, here)
    return Attempt(
        source=step.source,
        name=job.name,
        language=job.language.name,
        folder=here.cwd,
        limits=_limits(plan, here.config),
        doors=plan.doors,
    )


def _limits(plan: Plan, config: Config) -> tuple[tuple[str, float], ...]:
    """Return the limits in force, whether the line, a setting or the cage says so."""
    is_caged = plan.level != "open"
    force = limits_of(config, is_caged=is_caged, given=plan.limits) or (CAGED if is_caged else plan.limits)
    found = {"--timeout": plan.timeout or config.timeout}
    found |= {option: getattr(force, field) for option, field in _LIMITS.items()}
    return tuple((option, float(value)) for option, value in found.items() if value)


def _failure_of(report: PhaseReport, step: Script) -> Failure:
    outcome, error = report.outcome, report.error
    found = report.diagnosis
    if found is not None and found.frame is not None:  # its lines are the cell's, an attempt's the script's
        line = max(found.frame.line - step.first_line + 1, 0)
        found = replace(found, frame=replace(found.frame, line=line))
    if found is None:
        what = str(error.what) if error else str(report.verdict)
        found = Diagnosis(code=error.code if error else "failed", why=what)
    lines = "".join((outcome.stdout, outcome.stderr)) if outcome else ""
    is_final = report.verdict not in (Verdict.FAILED, Verdict.TIMED_OUT)
    return Failure(diagnosis=found, lines=lines[-LAST_CHARS:], is_final=is_final)


def _person(here: Surroundings, emit: Emit) -> Ask:
    return recorded(replace(here, ask=here.person or here.ask), emit)


def _hands(fixing: Fixing, plan: Plan, work: _Work) -> Hands:
    here, emit = work.here, work.emit
    person, is_caged = _person(here, emit), plan.level in ("workspace", "sealed")
    return Hands(
        root=here.workspace,
        ask=recorded(here, emit) if is_caged else person,
        person=person,
        sees=here.person or here.ask,
        may_patch=fixing.is_auto and is_caged,
        memory_bytes=machine_memory(),
        install=work.install if fixing.installs and here.config.install else None,
        shorten=shortened(os.environ, (here.config.fix_key,), homes()),
    )


def installed_by(report: PhaseReport | None, modules: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a heal brought, or raise what kept it from that; None is a heal that was tried before.

    Raises
    ------
    Left
        Nothing came of it; the text says why, and what to type.
    Cancelled
        It was stopped.
    """
    if report is None:
        raise Left(f"{', '.join(modules)} was looked for already")
    if isinstance(report.error, Cancelled):
        raise report.error
    if report.error is not None:
        fix = f"; fix: {report.error.fix}" if report.error.fix else ""
        raise Left(f"{report.error.what}: {report.error.why}{fix}")
    added = tuple(f"{item.distribution} {item.version}" for item in report.installed)
    if not added and not report.there:
        why = next((line for item in report.resolutions for line in item.evidence), "nothing was installed")
        raise Left(why)
    return (*added, *report.there)


def thinks(fixing: Fixing, hands: Hands, emit: Emit, here: Surroundings) -> Thinks | None:
    """Return the fixer that asks the model, where the line says so; `--auto` alone needs none."""
    is_there = here.config.fix_model and here.config.fix_url
    if not fixing.asks_model or (fixing.is_auto and not is_there):
        return None
    from .thinking import thinker  # and a client of the network, which nobody needs who did not ask

    return thinker(fixing, hands, emit=emit, here=here)


def _with_story(found: Diagnosis | None, done: Mended) -> Diagnosis | None:
    return replace(found, evidence=(*found.evidence, *done.story)) if found and not done.passed else found


def _told(error: AutoexecError | Cancelled | None, done: Mended) -> AutoexecError | Cancelled | None:
    """Let the error say what was tried, too."""
    if error is not None and done.story:
        error.why = "; ".join([*([error.why] if error.why else []), *done.story])
    return error


def _offer(fixing: Fixing, first: Attempt, done: Mended, *, emit: Emit, here: Surroundings) -> None:
    """Write the script's file as it passed, if a person says so; else say where the change is."""
    say: Callable[[str], None] = lambda text: emit(  # noqa: E731
        Output(phase="run", stream="stderr", text=f"\nautoexec: {text}\n")
    )
    path = Path(fixing.file)
    shorten = shortened(os.environ, (here.config.fix_key,), homes())
    made = in_source(diff(first.source, done.attempt.source, path.name), shorten)
    question = Question(
        text=f"write this change to {path.name} ?",
        evidence=tuple(made.split("\n")),
        fix=f"make the change in {path.name}",
        needs_person=True,
    )
    try:
        if not _person(here, emit)(question):
            return
        kept = rewrite(path, fixing.content, done.attempt.source)
    except NeedsPerson:
        say(f"{path.name} is as it was, without the change that made it pass")
    except (Changed, OSError) as error:
        say(f"{path.name} is as it was: {error}")
    else:
        say(f"{path.name} is changed; as it was: {kept.name}")
