"""Why a test failed: the product, the test, what it stands on, or chance.

What pytest says itself comes first, then what lies around a program (a missing
package, no network), then in whose code it was raised and how. "certain" is
said only where the structure of the failure leaves nothing else; a guess is
"likely", and where there is no ground for one the class is "unknown".

One run cannot show that a test is flaky, unless it ran twice in it; `flaky.py`
finds out by running again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..diagnosis import diagnose_text
from ..values import Confidence, Diagnosis
from .cases import Case, Problem
from .causetable import CauseClass
from .facts import Facts, Project, facts_of
from .sorting import Judged, judge

Ended: TypeAlias = Literal["", "crash", "timeout", "cancelled"]

ANYWHERE = Project()  #: nothing is known of whose a path is but what the path says
_LONGEST_SUMMARY = 200
_OWNERS = {
    "test": "the test's",
    "support": "the tests' own",
    "product": "the product's",
    "library": "a library's",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a test failed, and what to do.

    Parameters
    ----------
    cls : CauseClass
        Whose failure it is.
    code : str
        What it is within its class ("import", "network", "syntax" …), or "".
    why, fix : str
        One sentence, and the next thing to do.
    confidence : {"certain", "likely", "unknown"}
        "unknown" goes with the class "unknown", and only with it.
    evidence : tuple of str
        What says so, most telling first.
    where : str
        The place to look at first, `file:line`, or "".
    diagnosis : Diagnosis, optional
        What the exception itself says; None where there was none.
    """

    cls: CauseClass
    code: str = ""
    why: str
    fix: str = ""
    confidence: Confidence = "unknown"
    evidence: tuple[str, ...] = ()
    where: str = ""
    diagnosis: Diagnosis | None = None


def sort(case: Case, project: Project = ANYWHERE, *, ended: Ended = "") -> Cause | None:
    """Return why `case` failed; None where nothing went wrong.

    Parameters
    ----------
    case : Case
        Of any report; one that our own plugin told of knows more.
    project : Project, optional
        Whose a path is.
    ended : {"", "crash", "timeout", "cancelled"}
        How the process ended, for tests that did not get to their end.

    Examples
    --------
    >>> from autoexec_magic.testrunner.cases import Said
    >>> problem = Problem(kind="failure", type="NameError", message="name 'totl' is not defined",
    ...                   text="test_a.py:2: NameError")
    >>> case = Case("test_a", verdict="failed", said=Said(nodeid="test_a.py::test_a", problems=(problem,)))
    >>> sort(case).cls, sort(case).confidence
    ('test-bug', 'certain')
    """
    problem = decisive(case)
    if problem is not None:
        return explained(case, problem, facts_of(case, problem, project), project)
    if case.is_flaky:
        return _changed_its_mind(case)
    if case.verdict == "not-run":
        return _not_run(case, ended)
    if not case.is_bad:
        return None
    return Cause(cls="unknown", why="nothing is said of it", fix="run it alone: it says more then")


def decisive(case: Case) -> Problem | None:
    """Return the problem by which `case` failed: its first, which those behind it may follow from."""
    if not case.is_bad:
        return None
    return next((problem for problem in case.said.problems if not problem.is_attempt), None)


def explained(
    case: Case, problem: Problem, facts: Facts, project: Project, *, is_diagnosed: bool = True
) -> Cause:
    """Return why `case` failed with `problem`; the diagnosis is what costs most of it."""
    diagnosis = _diagnosis(problem, facts) if is_diagnosed else None
    return _cause(case, facts, judge(facts, project), diagnosis)


def _cause(case: Case, facts: Facts, judged: Judged, diagnosis: Diagnosis | None) -> Cause:
    row, found = judged
    place = facts.own if facts.own.file else facts.origin
    where = f"{place.file}:{place.line}" if place.file else ""
    words = {
        "summary": facts.summary,
        "message": facts.message.partition("\n")[0],
        "place": where or "an unknown place",
        "file": facts.origin.file or "the file",
        **found,
    }
    fix = _filled(row.fix, words)
    if row.code in ("", "value") and diagnosis is not None and diagnosis.confidence != "unknown":
        fix = diagnosis.fix or fix  # the exception itself says more than whose it is
    return Cause(
        cls=row.cls,
        code=row.code,
        why=_filled(row.why, words) or case.message,
        fix=fix,
        confidence=row.confidence,
        evidence=tuple(_evidence(case, facts, where)),
        where=where,
        diagnosis=diagnosis,
    )


def _filled(sentence: str, words: dict[str, str]) -> str:
    """Put words into a sentence; what they hold is data, and not looked at again."""
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0])[:_LONGEST_SUMMARY], sentence)


def _evidence(case: Case, facts: Facts, where: str) -> Iterator[str]:
    if facts.summary:
        yield facts.summary
    if where:
        source = f": {facts.own.source}" if facts.own.source else ""
        yield f"{where} is {_OWNERS[facts.own_whose]} code{source}"
    if facts.origin.file and facts.origin != facts.own:
        yield f"raised at {facts.origin.file}:{facts.origin.line}, in {_OWNERS[facts.origin_whose]} code"
    if facts.phase and facts.phase != "call":
        yield f"in the {'collection' if facts.phase == 'collect' else facts.phase} of the test"
    for cause in facts.causes[:2]:
        yield f"caused by {cause.summary}"
    attempts = sum(problem.is_attempt for problem in case.said.problems)
    if attempts:
        yield f"it failed {attempts + 1} times of {attempts + 1} in this run"


def _diagnosis(problem: Problem, facts: Facts) -> Diagnosis | None:
    if problem.text.strip() and facts.places:
        return diagnose_text(problem.text, language="python")
    if not facts.type:
        return None
    place = facts.own if facts.own.file else facts.origin
    frame = f'  File "{place.file}", line {place.line}, in test\n    {place.source}\n' if place.file else ""
    text = f"Traceback (most recent call last):\n{frame}{facts.type}: {facts.message}\n"
    return diagnose_text(text, language="python")


def _changed_its_mind(case: Case) -> Cause:
    attempts = [problem for problem in case.said.problems if problem.is_attempt]
    first = attempts[0].message.partition("\n")[0] or attempts[0].type
    times = "once" if len(attempts) == 1 else f"{len(attempts)} times"
    return Cause(
        cls="flaky",
        code="passed-again",
        why=f"it failed {times} and passed when it ran again, with nothing changed",
        fix="find out by what: `--flaky 10` runs it alone, in order and in reverse",
        confidence="certain",
        evidence=(first,) if first else (),
    )


def _not_run(case: Case, ended: Ended) -> Cause:
    if not case.said.file and not case.said.reason.startswith("it began"):
        fix = "run it alone; what ended the run is said beside it"
        return Cause(cls="unknown", code="not-run", why="the run ended before it began", fix=fix)
    if ended == "timeout":
        why, fix = "it was running when the run's time was over", "give this test a limit of its own"
        return Cause(cls="timeout", code="run", why=why, confidence="certain", fix=fix)
    if ended == "cancelled":
        why = "it was running when somebody stopped the run"
        return Cause(cls="unknown", code="cancelled", why=why, fix="run it again")
    return Cause(
        cls="worker-crash",
        code="process",
        why="the process ended while it ran",
        fix="run it alone with `-X faulthandler`; look for `os._exit`, for C code, for memory",
        confidence="certain" if ended == "crash" else "likely",
        evidence=(case.said.reason,) if case.said.reason else (),
    )
