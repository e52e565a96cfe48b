"""What became of the cases from one run to the next, and what several reports say as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from ..cases import Case, CaseVerdict, Problem, ProblemKind
from .telling import id_of

_RANK: tuple[CaseVerdict, ...] = ("passed", "xpassed", "xfailed", "skipped", "not-run", "failed", "error")
_SLOWER = 1.5  # times as long …
_DID_NOT_RUN: tuple[CaseVerdict, ...] = ("skipped", "not-run")
_BY_SECONDS = 0.1  # … and by at least this much: below it a machine's mood decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The cases of a new run against those of an old one, each list in the new one's order.

    `failing` failed now and did not before; `fixed` the other way round; `still`
    failed both times. `added` and `gone` are in one run only, whatever became of
    them there. `slower` are pairs of the old and the new case that took at least
    1.5 times as long, and 0.1 s longer.
    """

    failing: tuple[Case, ...] = ()
    fixed: tuple[Case, ...] = ()
    still: tuple[Case, ...] = ()
    added: tuple[Case, ...] = ()
    gone: tuple[Case, ...] = ()
    slower: tuple[tuple[Case, Case], ...] = ()


def compare(old: Iterable[Case], new: Iterable[Case]) -> Comparison:
    """Return what became of the cases of `old` in `new`.

    A case is known by its id (`id_of`); of several with one id the worst counts, so
    that nothing that failed is hidden by one that did not.
    """
    before, after = _by_key(old), _by_key(new)
    both = [(before[key], case) for key, case in after.items() if key in before]
    added = [case for key, case in after.items() if key not in before]
    return Comparison(
        failing=tuple(
            now for key, now in after.items() if now.is_bad and not (key in before and before[key].is_bad)
        ),
        fixed=tuple(now for was, now in both if was.is_bad and now.verdict in ("passed", "xpassed")),
        still=tuple(now for was, now in both if was.is_bad and now.is_bad),
        added=tuple(added),
        gone=tuple(case for key, case in before.items() if key not in after),
        slower=tuple((was, now) for was, now in both if _is_slower(was, now)),
    )


def merged(reports: Iterable[Iterable[Case]]) -> list[Case]:
    """Return the cases of several reports as one: of a case that is in more than one, the last that ran.

    That is how it is when what failed was run again. No failure is lost by it:
    one that a later report replaces is an attempt of the case that is kept, a
    flaky one if that passed. Cases with one id in the same report stay beside
    one another.
    """
    found: dict[str, list[Case]] = {}
    for report in reports:
        here: dict[str, list[Case]] = {}
        for case in report:
            here.setdefault("\0".join((*case.suites, id_of(case))), []).append(case)
        for key, cases in here.items():
            found[key] = _after(found[key], cases) if key in found else cases
    return [case for cases in found.values() for case in cases]


def _after(old: list[Case], new: list[Case]) -> list[Case]:
    """Return what is known of a case that was run again."""
    if all(case.verdict in _DID_NOT_RUN for case in new):
        return old
    attempts = [problem for case in old for problem in _attempts(case)]
    if not attempts:
        return new
    at = max(range(len(new)), key=lambda number: _RANK.index(new[number].verdict))
    case = new[at]  # of several with one id the worst, which hides none
    problems = tuple(_as_attempt(problem, case) for problem in attempts) + case.said.problems
    return [*new[:at], case._replace(said=dataclasses.replace(case.said, problems=problems)), *new[at + 1 :]]


def _attempts(case: Case) -> Iterable[Problem]:
    """Yield what went wrong in a case and before it, with the output that was its own."""
    if not case.is_bad:
        yield from (problem for problem in case.said.problems if problem.is_attempt)
        return
    kind: ProblemKind = "failure" if case.verdict == "failed" else "error"
    for problem in case.said.problems or (Problem(kind=kind),):
        if problem.is_attempt:
            yield problem
        else:
            yield dataclasses.replace(
                problem,
                stdout=problem.stdout or case.said.stdout,
                stderr=problem.stderr or case.said.stderr,
                seconds=case.seconds if problem.seconds is None else problem.seconds,
            )


def _as_attempt(problem: Problem, last: Case) -> Problem:
    way = "rerun" if last.is_bad else "flaky"
    return dataclasses.replace(problem, kind=f"{way}-{problem.kind.rpartition('-')[2]}")  # type: ignore[arg-type]


def _by_key(cases: Iterable[Case]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for case in cases:
        key = id_of(case)
        known = found.get(key)
        if known is None or _RANK.index(case.verdict) > _RANK.index(known.verdict):
            found[key] = case
    return found


def _is_slower(was: Case, now: Case) -> bool:
    if was.seconds is None or now.seconds is None:
        return False
    if was.verdict in _DID_NOT_RUN or now.verdict in _DID_NOT_RUN:
        return False
    return now.seconds > was.seconds * _SLOWER and now.seconds - was.seconds >= _BY_SECONDS
