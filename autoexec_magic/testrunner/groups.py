"""Failures with one cause, as one: "37 failures, 2 causes".

Two failures are one if they came from the same place in the product, or from
the same thing around it, in the same words; within tests, if it is the same
test with other parameters, or the same line with the same values. What is only
alike by chance (`assert 1 == 2` in two tests) stays apart.

The time is linear in the number of failures: each is read once, and only one
of each group is explained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..diagnosis.signature import normalised
from .cases import Case, Problem
from .causes import ANYWHERE, Cause, Ended, decisive, explained, sort
from .causetable import Row
from .facts import Facts, Project, facts_of
from .sorting import judge

MOST_DIAGNOSED = 200  #: groups whose cause has a diagnosis: nobody reads more, and it costs most
_ANYWHERE_CLASSES = ("environment", "collection")  #: one cause, wherever it shows
_Rows: TypeAlias = dict[Hashable, Row]  #: what was judged, by what is alike
_CHARS = 500  #: of a message that a failure is known by


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failures of one cause.

    Parameters
    ----------
    cause : Cause
        Why the representative failed.
    representative : Case
        The one with the shortest text, the first of those.
    nodeids : tuple of str
        All of them, in the order in which they came.
    where : str
        The deepest place that all went through, `file:line`; the product's if there is one, "" if
        there is none at all.
    signature : str
        What stays the same when it happens again.
    """

    cause: Cause
    representative: Case
    nodeids: tuple[str, ...]
    where: str = ""
    signature: str = ""


def grouped(cases: Iterable[Case], project: Project = ANYWHERE, *, ended: Ended = "") -> tuple[Group, ...]:
    """Return the failures among `cases` by their causes, the largest group first.

    Parameters
    ----------
    cases : iterable of Case
        Those that did not fail are left out; one that is flaky, or did not get to its end, is not.
    project, ended
        As in `sort`.
    """
    joined = _Joined()
    kept: list[_Kept] = []
    rows: _Rows = {}
    for case in cases:
        found = _kept(case, project, ended, rows)
        if found is not None:
            joined.add(len(kept), found.keys)
            kept.append(found)
    members: dict[int, list[_Kept]] = {}
    for at, each in enumerate(kept):
        members.setdefault(joined.root(at), []).append(each)
    largest = sorted(members.values(), key=len, reverse=True)  # stable: of as many, the first
    return tuple(_group(each, project, ended, at < MOST_DIAGNOSED) for at, each in enumerate(largest))


def headline(groups: Sequence[Group]) -> str:
    """Return how many failed, for how many causes.

    Examples
    --------
    >>> headline(())
    'no failures'
    """
    count = sum(len(group.nodeids) for group in groups)
    if not count:
        return "no failures"
    failures = "1 failure" if count == 1 else f"{count} failures"
    return f"{failures}, {'1 cause' if len(groups) == 1 else f'{len(groups)} causes'}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A failure, as far as it is needed to group it."""

    case: Case
    problem: Problem | None
    keys: tuple[Hashable, ...]  #: two failures that share one of them are one
    places: tuple[tuple[str, int], ...] = ()  #: the product's, else all of one's own, from the outside in


class _Joined:
    """Numbers that are one because they share a key (union by the first, with path halving)."""

    def __init__(self) -> None:
        self._up: list[int] = []
        self._first: dict[Hashable, int] = {}

    def add(self, number: int, keys: Iterable[Hashable]) -> None:
        """Add the next number."""
        self._up.append(number)
        for key in keys:
            one, other = sorted((self.root(self._first.setdefault(key, number)), self.root(number)))
            self._up[other] = one

    def root(self, number: int) -> int:
        """Return the first of those that are one with `number`."""
        while self._up[number] != number:
            self._up[number] = number = self._up[self._up[number]]
        return number


def _kept(case: Case, project: Project, ended: Ended, rows: _Rows) -> _Kept | None:
    problem = decisive(case)
    if problem is None:
        cause = sort(case, project, ended=ended)
        if cause is None:
            return None
        first = case.said.problems[0].message if case.said.problems else ""
        key = (cause.cls, cause.code, _base(case) if case.is_flaky else "", normalised(first[:_CHARS]))
        return _Kept(case, None, (key,))
    facts = facts_of(case, problem, project)
    wanted = ("product",) if "product" in facts.owners else ("product", "test", "support")
    places = tuple(
        (project.relative(place.file), place.line)
        for place, owner in zip(facts.places, facts.owners, strict=True)
        if owner in wanted
    )
    return _Kept(case, problem, _keys(case, facts, project, rows), places)


def _keys(case: Case, facts: Facts, project: Project, rows: _Rows) -> tuple[Hashable, ...]:
    said = f"{facts.type}: {normalised(facts.message[:_CHARS])}"
    own = project.relative(facts.own.file)
    alike = (said, facts.phase, facts.origin, facts.own, facts.places[:1] if not facts.own.file else ())
    row = rows.get(alike)
    if row is None:
        row = rows[alike] = judge(facts, project)[0]
    if row.cls in _ANYWHERE_CLASSES or row.code in ("import", "syntax", "stale-marker"):
        return ((row.cls, row.code, said),)
    if row.cls == "worker-crash":
        return (("crash", _base(case)),)
    if facts.own_whose == "product":
        return (("product", own, facts.own.source or facts.own.line, said),)
    if row.cls == "fixture":
        return (("fixture", own, facts.own.source or facts.own.line, said),)
    same_test = ("test", _base(case), row.cls, facts.type, facts.own.line)
    same_words = ("words", facts.own.source, facts.type, facts.message[:_CHARS])
    is_telling = bool(facts.own.source) and facts.phase == "call"
    return (same_test, same_words) if is_telling else (same_test,)


def _base(case: Case) -> str:
    """Return a test's id without its parameters."""
    return case.key.partition("[")[0]


def _group(kept: Sequence[_Kept], project: Project, ended: Ended, is_diagnosed: bool) -> Group:
    best = min(kept, key=lambda each: len(each.problem.text) if each.problem else 0)
    cause: Cause | None
    if best.problem is None:
        cause = sort(best.case, project, ended=ended)
    else:
        facts = facts_of(best.case, best.problem, project)
        cause = explained(best.case, best.problem, facts, project, is_diagnosed=is_diagnosed)
    assert cause is not None  # each that was kept has one
    where = _shared(kept, best)
    file, _, line = where.rpartition(":")
    parts = (cause.cls, cause.code, file if line.isdecimal() else where, normalised(cause.why))
    return Group(
        cause=cause,
        representative=best.case,
        nodeids=tuple(each.case.key for each in kept),
        where=where,
        signature=" | ".join(filter(None, parts)),
    )


def _shared(kept: Sequence[_Kept], best: _Kept) -> str:
    """Return the deepest place of `best` that all went through, else its deepest file that all did."""
    counted: Counter[Hashable] = Counter()
    for each in kept:
        counted.update(set(each.places))
        counted.update({file for file, _ in each.places})
    for file, line in reversed(best.places):
        if counted[file, line] == len(kept):
            return f"{file}:{line}"
    return next((file for file, _ in reversed(best.places) if counted[file] == len(kept)), "")
