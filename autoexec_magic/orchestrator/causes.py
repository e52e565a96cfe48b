"""Equal failures of a sweep as one cause: what failed, and which runs it failed in.

Two runs failed for the same cause where the diagnosis is the same at the same
place; for a limit, wherever they were when they hit it. Where no place is known,
their reasons are compared without what differs from run to run: numbers,
addresses, temporary paths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..values import Verdict
from .plan import Child, PhaseReport

_VARIES = re.compile(r"0x[0-9a-fA-F]+|/tmp/\S+|\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why runs failed: `key` tells causes apart, `children` are the labels of all that have it."""

    key: str
    why: str
    fix: str
    children: tuple[str, ...] = ()


def cause_of(report: PhaseReport) -> Cause | None:
    """Return why one run did not pass; None where it did, or where somebody ended it."""
    error, found = report.error, report.diagnosis
    if error is None or report.verdict is Verdict.CANCELLED:
        return None
    if found is None:
        why = f"{error.code}: {error.what}" + (f": {error.why}" if error.why else "")
        return Cause(key=plain_of(why), why=why, fix=error.fix)
    place = f" at {found.where}" if found.where else ""
    why = f"{found.code}{place}: {found.why}"
    if report.outcome is not None and report.outcome.limit is not None:
        return Cause(key=found.code, why=why, fix=found.fix)  # wherever it was just then
    return Cause(key=f"{found.code}{place or ': ' + plain_of(found.why)}", why=why, fix=found.fix)


def causes(children: Sequence[Child]) -> tuple[Cause, ...]:
    """Return the causes of all that failed, the most frequent first."""
    found: dict[str, list[tuple[Cause, str]]] = {}
    for child in children:
        cause = cause_of(child.report) if child.report else None
        if cause is not None:
            found.setdefault(cause.key, []).append((cause, child.label))
    groups = [
        Cause(key=key, why=same[0][0].why, fix=same[0][0].fix, children=tuple(label for _, label in same))
        for key, same in found.items()
    ]
    return tuple(sorted(groups, key=lambda cause: -len(cause.children)))


def plain_of(text: str) -> str:
    """Return a reason without what differs from run to run.

    Examples
    --------
    >>> plain_of("it used 1.5 s at 0x7f3a in /tmp/autoexec-x1/script.py")
    'it used … s at … in …'
    """
    return _VARIES.sub("…", text)
