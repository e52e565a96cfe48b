"""What a case says that JUnit has no place for, as properties that everybody else reads over.

They count only in a document that has `escapes.PROPERTY`, which is ours: a
test that records a property of such a name in somebody else's report says
nothing by it. And none of them makes a case good that failed.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from typing import Final, get_args

from ..cases import Case, CaseVerdict, Problem, ProblemKind, Said
from .dialects import attachments_in

NODEID = "autoexec.nodeid"  #: pytest's id
VERDICT = "autoexec.verdict"  #: how it ended, where the elements say less
REASON = "autoexec.reason"  #: why, where it was not skipped
PROBLEMS = "autoexec.problems"  #: all of them, where the elements cannot hold them
ATTACHMENTS = "autoexec.attachments"  #: files that no output names
GIVEN = "autoexec.given."  #: before the name of a property of the case that begins as ours do
PLACE = "autoexec.suite"  #: of a suite that is there only to hold others, or cases without one
AROUND, NONE = "around", "none"  #: … its two values
UNSAID = "autoexec.unsaid"  #: the type of a problem's element that only says that there was one

BAD: Final = ("failed", "error")
DECISIVE: Final = ("failure", "error")
SKIPPED: Final = ("skipped", "xfailed", "not-run")  #: what has an element `<skipped>`

_OURS = "autoexec."
_VERDICTS = frozenset(get_args(CaseVerdict))
_KINDS = frozenset(get_args(ProblemKind))
_TEXTS = ("kind", "type", "message", "text", "stdout", "stderr")


def properties_of(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the properties that a case has in a file: ours where they are needed, then its own."""
    said = case.said
    if said.nodeid:
        yield NODEID, said.nodeid
    if read_as(case) != case.verdict:
        yield VERDICT, case.verdict
    if said.reason and case.verdict not in SKIPPED:
        yield REASON, said.reason
    if has_more_problems(case):
        yield PROBLEMS, json.dumps([_listed(problem) for problem in said.problems], ensure_ascii=False)
    if said.attachments != attachments_in(said.stdout, said.stderr):
        yield ATTACHMENTS, json.dumps(said.attachments, ensure_ascii=False)
    for name, value in said.properties:
        yield hidden(name), value


def hidden(name: str) -> str:
    """Return the name under which a property stands in a file, so that it is not taken for one of ours."""
    return GIVEN + name if name.startswith(_OURS) else name


def given(item: tuple[str, str]) -> tuple[str, str]:
    """Return a property as it was before `hidden`."""
    return item[0].removeprefix(GIVEN), item[1]


def read_as(case: Case) -> CaseVerdict:
    """Return what a reader takes a case for who knows none of our properties."""
    if case.verdict in BAD:
        kinds = {problem.kind for problem in case.said.problems}
        if "failure" in kinds:
            return "failed"
        return "error" if "error" in kinds else case.verdict
    if case.verdict == "not-run":
        return "skipped"
    return "passed" if case.verdict == "xpassed" else case.verdict


def has_more_problems(case: Case) -> bool:
    """Whether its problems are more than elements can hold without a lie.

    A case that did not fail has no `<failure>`, and one has no output or time of its own
    (Jenkins' schema).
    """
    return any(
        case.verdict not in BAD
        or bool(problem.stdout or problem.stderr)
        or duration(problem.seconds) is not None
        or (problem.kind in DECISIVE and problem.type == UNSAID)
        for problem in case.said.problems
        if not problem.is_attempt
    )


def restored(verdict: CaseVerdict, said: Said) -> tuple[CaseVerdict, Said]:
    """Return how a case ended and what is said of it, by our properties among its own."""
    ours = {name: value for name, value in said.properties if name.startswith(_OURS)}
    if not ours:
        return verdict, said
    word = ours.get(VERDICT, "")
    if word in _VERDICTS and (word in BAD) == (verdict in BAD):
        verdict = word  # type: ignore[assignment]
    problems = _problems_in(ours[PROBLEMS]) if PROBLEMS in ours else said.problems
    return verdict, dataclasses.replace(
        said,
        nodeid=ours.get(NODEID, ""),
        reason=said.reason or ours.get(REASON, ""),
        problems=said.problems if problems is None else problems,
        attachments=_paths_in(ours[ATTACHMENTS]) if ATTACHMENTS in ours else said.attachments,
        properties=tuple(
            given(item)
            for item in said.properties
            if not item[0].startswith(_OURS) or item[0].startswith(GIVEN)
        ),
    )


def duration(seconds: float | None) -> float | None:
    """Return seconds that can have been measured, None for others."""
    return seconds if seconds is not None and math.isfinite(seconds) and seconds >= 0 else None


def _listed(problem: Problem) -> list[object]:
    return [*(getattr(problem, name) for name in _TEXTS), duration(problem.seconds)]


def _problems_in(text: str) -> tuple[Problem, ...] | None:
    """Return the problems of a property, None where it does not hold any."""
    rows = _parsed(text)
    if not isinstance(rows, list):
        return None
    return tuple(_problem_in(row) for row in rows if _is_row(row))


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == len(_TEXTS) + 1
        and all(isinstance(item, str) for item in row[:-1])
        and row[0] in _KINDS
        and (row[-1] is None or isinstance(row[-1], int | float))
    )


def _problem_in(row: list[object]) -> Problem:
    *texts, seconds = row
    held = dict(zip(_TEXTS, texts, strict=True))
    return Problem(seconds=duration(float(seconds)) if seconds is not None else None, **held)  # type: ignore[arg-type]


def _paths_in(text: str) -> tuple[str, ...]:
    items = _parsed(text)
    return tuple(item for item in items if isinstance(item, str)) if isinstance(items, list) else ()


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
