"""The phases of scripts: read before they run, run, healed where one lacks a module, and what they leave."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .. import diagnosis, executor, scripts
from ..errors import AutoexecError, Cancelled, ScriptError
from ..events import Diagnosed, Displayed, Emit, Output, Progress, Wrote
from ..redact import cleaned, secrets_in
from ..scripts import Done, Fault, Job, calls
from ..values import Diagnosis, Frame, Made, PolicyVerdict, Question, Verdict
from . import nearby
from .plan import Check, PhaseReport, Plan, Script
from .processes import SCRIPT, bounds, in_one_line, judged
from .rules import policy_of
from .surroundings import Surroundings

MOST_ROUNDS = 3  #: a module that only shows when the one before is there; more is another trouble
PROGRAMS = "programs"  #: the folder of compiled scripts in the cache
_MODULE = re.compile(r"No module named '([A-Za-z_][\w.]{0,199})'")
# What an import that failed may be called, by what the module is; the installer says whether it may be had.
_LACKS = frozenset(
    (
        "module-not-found",
        "module-invented",
        "module-moved",
        "module-installed-since",
    )
)
_WARNING = "autoexec: {place} would be refused as a command of its own: {command} ({why}); {cage}\n"


def check(step: Check, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Read every script; the first that cannot be read ends it."""
    for each in step.scripts:
        job = job_of(each, here)
        fault = scripts.check(job, is_run_next=False, emit=emit, **bounds(plan, here))
        if fault is not None:
            return _unreadable(job, fault, emit, here)
    return PhaseReport(phase="run", verdict=Verdict.PASSED, seconds=0.0)


def script(step: Script, plan: Plan, emit: Emit, here: Surroundings, *, warns: bool = True) -> PhaseReport:
    """Run a script; where it lacks a module, install that and run it again, if it has done nothing yet."""
    job = job_of(step, here)
    fault = None
    if not step.is_checked:
        fault = scripts.check(job, is_run_next=True, emit=emit, **bounds(plan, here))
    if fault is not None:
        return _unreadable(job, fault, emit, here)
    if warns:
        warn(job, plan, emit, here)
    mending = _Mending(plan, emit, here)
    own = bounds(plan, here)
    own |= {"variables": dict(step.variables), "code": "\n" * (job.first_line - 1) + job.source}
    while True:
        done = scripts.perform(job, emit=emit, **own)
        _tell(done, emit)
        report = _judged(job, done, plan, emit, here)
        if not step.heal or not mending.is_mended(report, done):
            return report


def job_of(step: Script, here: Surroundings) -> Job:
    """Return the job that a step means here.

    Raises
    ------
    UsageError
        It is in no language that there is.
    """
    ending = step.file.suffix if step.file is not None else ""
    return Job(
        source=step.source,
        language=scripts.language_of(step.source, step.language, ending),
        cwd=step.folder or here.cwd,
        file=step.file,
        is_patched=step.is_patched,
        first_line=step.first_line,
        arguments=step.arguments,
        stdin=step.stdin,
        workspace=here.workspace,
        given=step.given,
        names=step.names,
        cache=here.cache / PROGRAMS,
    )


@dataclass(slots=True)
class _Mending:
    """Installs what a script lacked, each module once."""

    plan: Plan
    emit: Emit
    here: Surroundings
    rounds: int = 0

    def is_mended(self, report: PhaseReport, done: Done) -> bool:
        """Whether a script that lacked a module is to be run again, as it has that now."""
        module = _lacks(report)
        if not module or self.rounds >= MOST_ROUNDS:
            return False
        from .healing import Healing  # which runs phases, as `run` does, that runs this one

        self.rounds += 1
        healing = Healing(self.plan, self.emit, self.here, person=self.here.ask)
        try:
            if done.has_written and not healing.ask(_question(module, done)):
                return False
            is_there = healing.heals(module)
        except AutoexecError as error:
            _add_fix(report, error)
            return False
        if is_there:
            self.emit(Progress(phase="run", text=f"the script runs again: it lacked {module}"))
        return is_there


def _lacks(report: PhaseReport) -> str:
    """Return the module for whose lack a script failed, or "": a name, which the installer has to prove."""
    found = report.diagnosis
    if found is None or found.code not in _LACKS or isinstance(report.error, Cancelled):
        return ""
    if found.action is not None and found.action.kind == "install" and found.action.values:
        return found.action.values[0]
    match = _MODULE.search(found.why)
    return match[1] if match else ""


def _question(module: str, done: Done) -> Question:
    names = ", ".join(item.name for item in done.made[:5])
    seen = f"it wrote {names}" if names else "it was not held in a cage that would show what it did"
    return Question(
        text=f"install what {module} needs and run the script again ?",
        evidence=(f"the script lacked {module}", f"it may have done something already: {seen}"),
        fix=f"%autoexec install {module.partition('.')[0]}, and run the script again",
        needs_person=True,
    )


def _add_fix(report: PhaseReport, error: AutoexecError) -> None:
    """Say with a failure what kept it from being healed."""
    if report.error is not None and error.fix:
        report.error.fix = error.fix


def _judged(job: Job, done: Done, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    placed = _placer(job, done.path)
    known = nearby.around(plan, here, cwd=job.cwd, source=job.source)
    report = judged(done.outcome, "run", SCRIPT, job.language.name, emit, here, placed=placed, around=known)
    report = replace(report, values=done.values, made=done.made)
    if not done.is_compiled and isinstance(report.error, ScriptError):
        error = ScriptError("the script does not compile", why=report.error.why, fix=report.error.fix)
        return replace(report, error=error)
    if done.error is not None and report.error is None:
        return replace(report, verdict=Verdict.FAILED, error=done.error)
    return report


def _unreadable(job: Job, fault: Fault, emit: Emit, here: Surroundings) -> PhaseReport:
    """Report a script that its language cannot read: nothing of it was run."""
    placed = _placer(job, fault.path)
    what = "the script cannot be read, and nothing of it was run"
    if fault.outcome is not None:
        report = judged(fault.outcome, "run", SCRIPT, job.language.name, emit, here, placed=placed)
        if isinstance(report.error, ScriptError):
            return replace(report, error=ScriptError(what, why=report.error.why, fix=report.error.fix))
        return report
    emit(Output(phase="run", stream="stderr", text=cleaned(fault.text, secrets_in(os.environ))))
    found = placed(diagnosis.diagnose_text(fault.text, language=job.language.name))
    emit(Diagnosed(diagnosis=found))
    error = ScriptError(what, why=in_one_line(found), fix=found.fix)
    return PhaseReport(phase="run", verdict=Verdict.FAILED, seconds=0.0, diagnosis=found, error=error)


def _placer(job: Job, path: str) -> Callable[[Diagnosis], Diagnosis]:
    """Return what names the places of a diagnosis as a person knows them: the process's own file is gone."""

    def known(text: str) -> str:
        return text.replace(path, job.name) if path else text

    def placed(found: Diagnosis) -> Diagnosis:
        where, frame = known(found.where), found.frame
        name, _, line = where.rpartition(":")
        if frame is None and name == job.name and line.isdecimal():
            frame = Frame(file=name, line=int(line), source=_line_of(job, int(line)))
        elif frame is not None:
            frame = replace(frame, file=known(frame.file))
            if not frame.source and frame.file == job.name:
                frame = replace(frame, source=_line_of(job, frame.line))
        return replace(
            found,
            where=where,
            frame=frame,
            why=known(found.why),
            evidence=tuple(map(known, found.evidence)),
        )

    return placed


def _line_of(job: Job, line: int) -> str:
    """Return a line of the cell or file, by its number there."""
    lines = job.source.splitlines()
    at = line - job.first_line
    return lines[at].strip() if 0 <= at < len(lines) else ""


def warn(job: Job, plan: Plan, emit: Emit, here: Surroundings) -> None:
    """Say which commands in a script the policy would refuse; the cage is what stops them."""

    def judge(line: str | Sequence[str]) -> PolicyVerdict:
        rules = policy_of(here.config, here.workspace)
        return executor.judge(line, workspace=here.workspace, cwd=job.cwd, policy=rules)

    found = calls.refused(job.source, job.language.name, judge)
    secrets = secrets_in(os.environ) if found else ()
    cage = (
        "nothing stops it at level open"
        if plan.level == "open"
        else f"it is the cage {plan.level} that stops what it must not do"
    )
    for item in found:
        place = f"{job.name}:{item.line + job.first_line - 1}"
        text = _WARNING.format(place=place, command=item.command, why=item.why, cage=cage)
        emit(Output(phase="run", stream="stderr", text=cleaned(text, secrets)))


def _tell(done: Done, emit: Emit) -> None:
    """Tell of what a script showed and wrote."""
    for item in done.made:
        emit(_event(item))
    if done.has_more:
        emit(Progress(phase="run", text="there may be more files than are named here"))


def _event(item: Made) -> Displayed | Wrote:
    if item.data:
        return Displayed(phase="run", mimes={item.mime: item.size_bytes}, name=item.name)
    return Wrote(phase="run", name=item.name, size_bytes=item.size_bytes, mime=item.mime)
