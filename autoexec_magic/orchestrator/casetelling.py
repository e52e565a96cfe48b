"""What is told of tests: each as an event while they run, why it failed, and what failures have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .. import testrunner
from ..casefacts import CaseCause, CaseFailure
from ..events import CaseFinished, CasesCollected, CasesCounted, CaseStarted, CausesFound, Emit
from ..redact import one_line
from ..testrunner import Case, Cause, Problem, Project

MOST_WHOLE = 300  #: failures that are on record with all that was said
MOST_CAUSES = 50
MOST_NAMES = 100  #: of the tests of one cause
_TEXT_CHARS = 8_000
_BRIEF_CHARS = 500
_ENDED: Mapping[str, Literal["crash", "timeout"]] = {
    testrunner.CRASHED: "crash",
    testrunner.TIMED_OUT: "timeout",
}
_PLAIN = frozenset(("", "AssertionError", "Failed", *_ENDED))


@dataclass(slots=True)
class Teller:
    """Tells of the tests of one run.

    Parameters
    ----------
    emit : callable
        Gets the events.
    project : Project
        Whose a path is.
    folder : Path
        Where paths begin for the person who reads them.
    past : Past
        What is remembered of earlier runs.
    """

    emit: Emit
    project: Project
    folder: Path
    past: testrunner.Past
    causes: dict[str, Cause] = field(default_factory=dict)
    _known: dict[str, Cause] = field(default_factory=dict)
    _whole: int = 0

    def on_count(self, ids: Sequence[str]) -> None:
        """Tell how many tests there will be, and how long they took before."""
        self.emit(CasesCollected(count=len(ids), seconds=round(self.past.seconds_of(ids), 3)))

    def on_start(self, nodeid: str) -> None:
        """Tell that a test runs."""
        self.emit(CaseStarted(nodeid=nodeid))

    def on_case(self, case: Case) -> None:
        """Tell how a test ended, and why where it is not well."""
        self.emit(self.event(case))

    def event(self, case: Case) -> CaseFinished:
        """Return what there is to tell of a case."""
        said = case.said
        return CaseFinished(
            nodeid=case.key,
            verdict=case.verdict,
            seconds=case.seconds or 0.0,
            message=message_of(case),
            file=said.file,
            line=said.line,
            attempts=1 + sum(problem.is_attempt for problem in said.problems),
            failure=self.failure(case) if case.is_bad else None,
        )

    def tell_again(self, case: Case, cause: Cause) -> None:
        """Tell a case again, of which more is known now."""
        self.causes[case.key] = cause
        self._known[case.key] = cause
        self.on_case(case)

    def on_end(self, cases: Sequence[Case]) -> None:
        """Tell how all of them ended, and what the failures have in common."""
        if cases:
            self.emit(counted(cases))
        found = self.found(cases)
        if found is not None:
            self.emit(found)

    def found(self, cases: Sequence[Case]) -> CausesFound | None:
        """Return what the failures have in common; None where nothing failed."""
        failed = [case for case in cases if case.is_bad and not self._is_apart(case)]
        groups = testrunner.grouped(failed, self.project)
        alone = [case for case in cases if case.is_bad and self._is_apart(case)]
        causes = [
            CaseCause(
                cause=group.signature,
                cls=group.cause.cls,
                count=len(group.nodeids),
                what=one_line(group.cause.why)[:_BRIEF_CHARS],
                where=group.where,
                fix=group.cause.fix,
                confidence=group.cause.confidence,
                nodeids=group.nodeids[:MOST_NAMES],
            )
            for group in groups
        ]
        causes += [
            CaseCause(
                cause=case.key,
                cls=cause.cls,
                count=1,
                what=one_line(case.message if _how_it_ended(case) else cause.why)[:_BRIEF_CHARS],
                where=cause.where,
                fix=cause.fix,
                confidence=cause.confidence,
                nodeids=(case.key,),
            )
            for case in alone
            if (cause := self.cause(case)) is not None
        ]
        return (
            CausesFound(failed=len(failed) + len(alone), causes=tuple(causes[:MOST_CAUSES]))
            if causes
            else None
        )

    def cause(self, case: Case) -> Cause | None:
        """Return why a case failed; what the process ended with is no failure of its own."""
        if case.key in self._known:
            return self._known[case.key]
        ended = _how_it_ended(case)
        if ended is not None:
            return testrunner.sort(case._replace(verdict="not-run"), self.project, ended=ended)
        return testrunner.sort(case, self.project)

    def _is_apart(self, case: Case) -> bool:
        """Whether what is known of a case is not what it said: it broke off, or is flaky."""
        known = self._known.get(case.key)
        return _how_it_ended(case) is not None or (known is not None and known.cls.startswith("flaky"))

    def failure(self, case: Case) -> CaseFailure:
        """Return what is known of a case that failed, shortened; of the first few more than of the rest."""
        cause = self.cause(case)
        if cause is not None:
            self.causes[case.key] = cause
        self._whole += 1
        most = _TEXT_CHARS if self._whole <= MOST_WHOLE else _BRIEF_CHARS
        problem = decisive(case)
        texts = [each.text or each.message for each in case.said.problems if not each.is_attempt]
        spot = problem.spot if problem else None
        return CaseFailure(
            cls=cause.cls if cause else "unknown",
            confidence=cause.confidence if cause else "unknown",
            why=cause.why if cause else "",
            fix=cause.fix if cause else "",
            phase=spot.phase if spot else "call",
            file=self.below(spot.file) if spot and spot.file else case.said.file,
            line=spot.line if spot and spot.line else case.said.line,
            source=spot.source if spot else "",
            op=spot.op if spot else "",
            left=spot.left[:most] if spot else "",
            right=spot.right[:most] if spot else "",
            text=_middle_out("\n".join(texts), most),
            stdout=case.said.stdout[-most:],
            stderr=case.said.stderr[-most:],
            past=self.before(case.key),
        )

    def before(self, nodeid: str) -> str:
        """Return how often a test failed before, with the interval in which its rate lies (Wilson, 95 %)."""
        known = self.past.tests.get(nodeid)
        if known is None or not known.runs:
            return ""
        low, high = testrunner.failure_bounds([known.failures], known.runs)[0]
        runs = f"{known.runs} runs" if known.runs > 1 else "run"
        return f"failed in {known.failures} of its last {runs} ({low:.0%} to {high:.0%})"

    def below(self, file: str) -> str:
        """Return a path as a person in the run's folder has it."""
        return file.removeprefix(f"{self.folder}/")


def counted(cases: Sequence[Case]) -> CasesCounted:
    """Return how many ended how: the same cases that the verdict and the report are of."""
    return CasesCounted(counts=dict(Counter(str(case.verdict) for case in cases)))


def decisive(case: Case) -> Problem | None:
    """Return the first problem of a case that is not of an earlier attempt."""
    return next((each for each in case.said.problems if not each.is_attempt), None)


def message_of(case: Case) -> str:
    """Return what a case said in a line, with the name of the exception where that is not an assertion."""
    words = one_line(case.message)[:_BRIEF_CHARS]
    problem = decisive(case)
    kind = problem.type.rpartition(".")[2] if problem else ""
    return words if kind in _PLAIN or words.startswith(kind) else f"{kind}: {words}"


def _how_it_ended(case: Case) -> Literal["crash", "timeout"] | None:
    """Return how the process ended in which a case ran, None where it went on.

    An exception of the project's own may be called as our words for that: it was raised somewhere.
    """
    problem = case.said.problems[0] if case.said.problems else None
    if problem is None or (problem.spot is not None and problem.spot.origin):
        return None
    return _ENDED.get(problem.type)


def _middle_out(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}\n…\n{text[-most // 2 :]}"
