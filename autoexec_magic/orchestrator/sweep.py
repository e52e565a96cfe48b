"""A script many times over: one run on the record, a child for each combination.

Each child is a run within the run, with an id, a cage and limits of its own.

All are run by default, also after one has failed: in a sweep a failure is a
result, and what the others say is what it was started for. Only what would
keep every one of them from running (a missing interpreter, a refused cage) ends
it at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .. import scripts
from ..errors import AutoexecError, Cancelled, NeedsPerson, SweepFailed
from ..events import Emit
from ..executor import Cancel
from ..history import new_id
from ..scripts import handing
from ..values import Question, Verdict
from .causes import Cause, causes
from .children import run_children
from .combinations import Combination, Value, combinations, text_of
from .plan import Check, Child, PhaseReport, Plan, Script, Sweep
from .scripting import check, job_of, script, warn
from .surroundings import Surroundings

_LEAST_KEPT_MB = 1 / 64  # of the output of one of many


def sweep_of(
    step: Script,
    matrix: Mapping[str, Sequence[Value]],
    *,
    repeat: int = 1,
    jobs: int | None = None,
    fail_fast: bool = False,
) -> Sweep:
    """Return the step that runs a script for each combination.

    Raises
    ------
    UsageError
        As `combinations`.
    """
    return Sweep(
        script=step, children=combinations(matrix, repeat), jobs=jobs or cores(), fail_fast=fail_fast
    )


def cores() -> int:
    """Return how many processors this process may use, at least 1."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def sweep(step: Sweep, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Run a script for each combination; what each came to stands in the report."""
    started = time.monotonic()
    read = check(Check(scripts=(step.script,)), plan, emit, here)
    if not read.verdict.is_good:
        return read
    warn(job_of(step.script, here), plan, emit, here)
    keep_mb = max(_LEAST_KEPT_MB, here.config.keep_mb / len(step.children))

    def run_one(one: Combination, emit: Emit, cancel: Cancel) -> PhaseReport:
        own = replace(
            here,
            config=replace(here.config, keep_mb=keep_mb),
            ask=_nobody,
            run_id=new_id(),
            within=here.run_id,
            cancel=cancel,
            on_spawn=None,  # the record has room for one, and the end of one is not the end of the run
            is_cancelled=cancel.is_set,
        )
        return script(given(step.script, one), plan, emit, own, warns=False)

    cancel = here.cancel or Cancel()
    try:
        children = run_children(
            step.children,
            run_one,
            jobs=step.jobs,
            emit=emit,
            fail_fast=step.fail_fast,
            cancel=cancel,
            is_cancelled=here.is_cancelled,
        )
        is_stopped = cancel.is_set() or here.is_cancelled()
    finally:
        if cancel is not here.cancel:
            cancel.close()
    return _report(children, time.monotonic() - started, is_stopped=is_stopped)


def given(step: Script, one: Combination) -> Script:
    """Return the script with the values of a combination.

    What it lacks was installed before, or is not: many at once would each ask for it.
    """
    ending = step.file.suffix if step.file is not None else ""
    language = scripts.language_of(step.source, step.language, ending)
    values: dict[str, object] = dict(one.values)
    if language.values == "text":
        values = {name: text_of(value) for name, value in one.values}
    own = handing.given(values, language) if language.hand_over is not None else ()
    return replace(
        step,
        arguments=one.filled(step.arguments),
        variables=tuple(one.variables().items()),
        given=(*(item for item in step.given if item.name not in dict(one.values)), *own),
        heal=False,
        is_checked=True,
    )


def _nobody(question: Question) -> bool:
    """Answer a question that one of many children has: they cannot each be asked about."""
    why = "it came up in one run of a sweep"
    raise NeedsPerson(f"{question.text} was not asked", why=why, fix=question.fix)


def _report(children: tuple[Child, ...], seconds: float, *, is_stopped: bool) -> PhaseReport:
    """Return what all children came to."""
    run = [child for child in children if child.report is not None]
    bad = [child for child in run if not child.verdict.is_good]
    found = causes(children)
    error: AutoexecError | Cancelled | None = None
    if is_stopped:
        done = sum(child.verdict is not Verdict.CANCELLED for child in run)
        error = Cancelled(
            f"the sweep was stopped after {done} of {len(children)} runs",
            why="all processes of the others were ended",
        )
    elif bad:
        error = SweepFailed(_sum(children), why=_why(found), fix=found[0].fix if found else "")
    first = found[0].children[0] if found else None
    report = next((child.report for child in bad if child.label == first), None)
    return PhaseReport(
        phase="run",
        verdict=Verdict(error.verdict) if error else Verdict.PASSED,
        seconds=seconds,
        diagnosis=report.diagnosis if report else None,
        children=children,
        values=_values(run),
        made=tuple(item for child in run if child.report for item in child.report.made),
        error=error,
    )


def _values(run: Sequence[Child]) -> dict[str, object]:
    """Return what the runs gave back: of each name a dict, by the names of the runs."""
    found: dict[str, dict[str, object]] = {}
    for child in run:
        for name, value in (child.report.values if child.report else {}).items():
            found.setdefault(name, {})[child.label] = value
    return dict(found)


def _sum(children: Sequence[Child]) -> str:
    """Return how many came to what: `12 of 24 runs failed, 2 were not started`."""
    left = sum(child.report is None for child in children)
    ended = sum(child.verdict is Verdict.CANCELLED for child in children)
    bad = sum(not child.verdict.is_good for child in children) - ended
    more = [f"{ended} were ended"] * bool(ended) + [f"{left} were not started"] * bool(left)
    return ", ".join([f"{bad} of {len(children)} runs failed", *more])


def _why(found: Sequence[Cause]) -> str:
    if not found:
        return ""
    head = f"{len(found)} causes: " if len(found) > 1 else ""
    return head + "; ".join(f"{len(cause.children)} × {cause.why}" for cause in found[:3])
