"""What the plugin told, as cases: a fold over its lines that trusts none of them.

The lines come out of the process in which the tests run, and a test can do
there what it likes. So a case passed only if each of its phases was told and
passed, and the run as a whole is believed only if its lines are numbered
without gaps, its last one counts as many tests as began, and the process ended with the
code that this line names. Everything else is a reason why the run failed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..casefacts import FileCoverage
from .cases import NOTHING, Case, CaseVerdict, Problem, ProblemKind, Said, Spot

LINE_BYTES = 4 * 2**20  #: of one record; the plugin shortens what it tells far below this
_MOST_REASONS = 20
_MOST_SECONDS = 1e9  # and no NaN, which JSON has no word for
_PHASES = ("setup", "call", "teardown")
_NOT_TOLD = "it began, and its end was not told"
_NEVER_BEGUN = "the run ended before it began"
_UNTOLD = "whether it ran was not told"
TAKEN_OUT = "it was found, and taken out by a hook that did not tell pytest so"
_LATER: Mapping[ProblemKind, ProblemKind] = {"rerun-failure": "flaky-failure", "rerun-error": "flaky-error"}

OnCase = Callable[[Case], object]


@dataclass(slots=True)
class _Begun:
    """A test that began."""

    file: str = ""
    line: int = 0
    phases: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""
    is_expected: bool = False
    problems: list[Problem] = field(default_factory=list)
    runs_again: bool = False
    out: str = ""
    err: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run came to.

    `missing` counts the tests that were collected and never began; they are the last of `cases`. `unread` are
    the files and classes that could not be collected, as cases of verdict
    "error", or that were skipped as a whole. `exit` is the code that pytest said it would end with,
    None where it did not; `is_counted` says that it is 1 for failures that were told, and for nothing
    else that a plugin has found. `running` is the test that had begun and not ended, or "". `faults`
    are the reasons why the run cannot be believed, the first first.
    """

    cases: tuple[Case, ...]
    unread: tuple[Case, ...] = ()
    collected: int = 0
    missing: int = 0
    exit: int | None = None
    is_counted: bool = False
    running: str = ""
    faults: tuple[str, ...] = ()
    pytest: str = ""
    covered: tuple[FileCoverage, ...] = ()

    @property
    def all(self) -> tuple[Case, ...]:
        """Every case, those that could not be collected first."""
        return (*self.unread, *self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broke:
    """What ended a process before its time: `kind` is the type of the problem of the tests that ran.

    What is ended from outside may have said that it would end. With `is_untold`
    it went on, and nobody was told: a test has closed the stream, which is no problem of its own.
    """

    kind: str
    how: str
    is_from_outside: bool = False
    is_untold: bool = False


class Fold:
    """Takes the bytes of the pipe as they come.

    Parameters
    ----------
    on_start : callable
        Takes the id of a test that began and is not over yet, as far as is known.
    on_case : callable
        Takes each case that is over.
    on_count : callable, optional
        Takes the ids of the tests that there will be, once.
    key : str, optional
        What each line begins with.
    """

    def __init__(
        self,
        on_start: Callable[[str], object],
        on_case: OnCase,
        on_count: Callable[[Sequence[str]], object] = lambda ids: None,
        *,
        key: str = "",
    ) -> None:
        self._key = key.encode()
        self._on_start, self._on_case, self._on_count = on_start, on_case, on_count
        self._rest = b""
        self._next = 0
        self._open: dict[str, _Begun] = {}
        self._fresh: list[str] = []
        self._cases: dict[str, Case] = {}
        self._unread: list[Case] = []
        self._faults: list[str] = []
        self._collected = -1
        self._ids: list[str] = []
        self._gone: list[str] = []
        self._begun = 0
        self._exit: int | None = None
        self._is_counted = False
        self._pytest = ""
        self._covered: list[FileCoverage] = []

    def feed(self, data: bytes) -> None:
        """Take a piece, which may begin and end anywhere in a line."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        for nodeid in self._fresh:
            if nodeid in self._open:
                self._on_start(nodeid)
        self._fresh.clear()
        if len(self._rest) > LINE_BYTES:
            self._rest = b""
            self._fault("a record without an end was written into the stream")

    def end(self, returncode: int, broke: Broke | None = None) -> Told:
        """Return what the run came to; `returncode` is the process's own, `broke` what ended it early."""
        if self._rest:
            self._fault("the last record is torn")
        running = next(iter(self._open), "")
        for nodeid, begun in list(self._open.items()):
            if broke is not None and not broke.is_untold and (self._exit is None or broke.is_from_outside):
                begun.problems.append(
                    Problem(
                        kind="error",
                        type=broke.kind,
                        message=broke.how,
                        spot=Spot(phase="call", file=begun.file),
                    )
                )
            self._finish(nodeid, begun, is_whole=False)
        if self._exit is None:
            self._fault("pytest did not say that it had ended")
        elif self._exit != returncode:
            self._fault(f"pytest said it would end with {self._exit}, and it ended with {returncode}")
        ids = dict.fromkeys(self._ids)  # two tests with one id are begun once, as far as is known
        why = _UNTOLD if broke is not None and broke.is_untold else _NEVER_BEGUN
        never = [not_begun(nodeid, why) for nodeid in ids if nodeid not in self._cases]
        never += [not_begun(nodeid, TAKEN_OUT) for nodeid in self._gone if nodeid not in self._cases]
        return Told(
            cases=(*self._cases.values(), *never),
            unread=tuple(self._unread),
            collected=max(self._collected, 0),
            missing=max(self._collected - (len(self._ids) - len(ids)) - self._begun, 0),
            exit=self._exit,
            is_counted=self._is_counted,
            running=running,
            faults=tuple(self._faults),
            pytest=self._pytest,
            covered=tuple(self._covered),
        )

    def _fault(self, what: str) -> None:
        if len(self._faults) < _MOST_REASONS and what not in self._faults:
            self._faults.append(what)

    def _line(self, line: bytes) -> None:
        if not line.startswith(self._key):
            self._fault("something that is no record was written into the stream")
            return
        try:
            record = json.loads(line[len(self._key) :].decode("ascii"))
            kind, number = record["k"], record["n"]
            take = _TAKES.get(kind)
            if number != self._next:
                self._fault(f"record {self._next} is missing from the stream")
            self._next = int(number) + 1
            if self._exit is not None:
                self._fault("something was written into the stream after its end")
            elif take is not None:  # a newer plugin may tell more
                take(self, record)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            self._fault("something that is no record was written into the stream")

    def _begin(self, record: Mapping[str, Any]) -> None:
        self._pytest = str(record["pytest"])

    def _collection(self, record: Mapping[str, Any]) -> None:
        if self._collected >= 0:
            self._fault("the tests were counted twice")
            return
        self._collected = int(record["count"])
        if not self._collected:
            self._on_count(())

    def _items(self, record: Mapping[str, Any]) -> None:
        if len(self._ids) < max(self._collected, 0):
            self._ids += [str(nodeid) for nodeid in record["ids"]]
            if len(self._ids) >= self._collected:
                self._on_count(tuple(self._ids))

    def _taken_out(self, record: Mapping[str, Any]) -> None:
        self._gone += [str(nodeid) for nodeid in record["ids"]]

    def _not_read(self, record: Mapping[str, Any]) -> None:
        nodeid = str(record["id"])
        if record["outcome"] == "skipped":
            case = Case(nodeid, verdict="skipped", said=Said(nodeid=nodeid, reason=str(record["reason"])))
        else:
            problem = _problem(record["failure"], "error", "collect")
            case = Case(nodeid, verdict="error", said=Said(nodeid=nodeid, problems=(problem,)))
        self._unread.append(case)
        self._on_case(case)

    def _start(self, record: Mapping[str, Any]) -> None:
        nodeid = str(record["id"])
        again = self._open.get(nodeid)
        if again is not None and again.runs_again:
            again.runs_again = False
            return
        if again is not None:
            self._finish(nodeid, again, is_whole=False)
        if nodeid not in self._cases and again is None:
            if 0 <= self._collected <= self._begun:
                self._fault(f"{nodeid} began, and only {self._collected} tests were collected")
                return
            self._begun += 1
        self._open[nodeid] = _Begun(file=str(record["file"]), line=int(record["line"]))
        self._fresh.append(nodeid)

    def _all_passed(self, record: Mapping[str, Any]) -> None:
        nodeid = str(record["id"])
        begun = self._open.get(nodeid)
        if begun is None or begun.phases:
            self._fault(f"an end of {nodeid} was told that cannot be")
            return
        seconds = [float(each) for each in record["t"]]
        begun.phases = dict.fromkeys(_PHASES, "passed") if len(seconds) == len(_PHASES) else {}
        begun.seconds += _time(sum(seconds))
        begun.out, begun.err = str(record.get("out", begun.out)), str(record.get("err", begun.err))
        self._finish(nodeid, begun, is_whole=True)

    def _phase(self, record: Mapping[str, Any]) -> None:
        nodeid, when, outcome = str(record["id"]), record["when"], str(record["outcome"])
        begun, is_crash = self._open.get(nodeid), bool(record.get("crash"))
        if begun is None and is_crash:
            begun = self._open[nodeid] = _Begun()
        if (
            begun is None
            or when not in _PHASES
            or (when in begun.phases and "sub" not in record and not is_crash)
        ):
            self._fault(f"a phase of {nodeid} was told that cannot be")
            return
        begun.seconds += 0.0 if "sub" in record else _time(record["seconds"])
        begun.out, begun.err = str(record.get("out", begun.out)), str(record.get("err", begun.err))
        if "sub" in record:
            self._sub(record, begun)
            return
        if begun.runs_again and when == "teardown" and outcome == "passed":
            return  # of the attempt that failed
        begun.runs_again = False
        begun.phases[when] = outcome
        begun.reason = str(record.get("reason", begun.reason)) or begun.reason
        begun.is_expected |= bool(record.get("xfail")) and when != "teardown"
        if "failure" in record:
            kind: ProblemKind = "failure" if when == "call" else "error"
            if outcome == "rerun":
                kind = "rerun-failure" if when == "call" else "rerun-error"
            begun.problems.append(_problem(record["failure"], kind, when))
        if outcome == "rerun":  # the next attempt begins from its setup
            begun.phases.clear()
            begun.is_expected = False
            begun.runs_again = True
        elif when == "teardown" or is_crash:
            self._finish(nodeid, begun, is_whole=True)

    def _sub(self, record: Mapping[str, Any], begun: _Begun) -> None:
        """Take what one subtest came to: one that failed is a problem of its test."""
        if "failure" not in record:
            return
        problem = _problem(record["failure"], "failure", "call")
        begun.problems.append(replace(problem, message=f"{record['sub']} {problem.message}"))

    def _broken(self, record: Mapping[str, Any]) -> None:
        last = str(record["failure"]["text"]).strip().splitlines()[-1:]
        self._fault(f"pytest itself failed: {''.join(last)}")

    def _coverage(self, record: Mapping[str, Any]) -> None:
        for file, statements, missed in record["files"]:
            lines = tuple(int(line) for line in missed)
            self._covered.append(FileCoverage(file=str(file), statements=int(statements), missed=lines))

    def _over(self, record: Mapping[str, Any]) -> None:
        self._exit = int(record["exit"])
        self._is_counted = record.get("counted") is True
        if int(record["tests"]) != self._begun:
            self._fault(f"pytest counted {record['tests']} tests, and {self._begun} were told")

    def _finish(self, nodeid: str, begun: _Begun, *, is_whole: bool) -> None:
        self._open.pop(nodeid, None)
        verdict = _verdict(begun) if is_whole else "not-run"
        if not is_whole and any(not problem.is_attempt for problem in begun.problems):
            verdict = "failed" if begun.problems[0].kind == "failure" else "error"
        case = _case(nodeid, begun, verdict, begun.reason if is_whole else _NOT_TOLD)
        known = self._cases.get(nodeid)  # two tests with one id are two, and the worse one counts
        if known is None or not known.is_bad:
            self._cases[nodeid] = case
        self._on_case(case)


def _time(told: float) -> float:
    """Return a time that was told; ValueError where no clock can show it."""
    seconds = float(told)
    if not abs(seconds) < _MOST_SECONDS:
        raise ValueError(told)
    return max(seconds, 0.0)


def not_begun(nodeid: str, reason: str = _NEVER_BEGUN) -> Case:
    """Return the case of a test that was collected and never began."""
    classname, name = _names(nodeid)
    return Case(name, classname, "not-run", said=Said(nodeid=nodeid, reason=reason))


_TAKES: Mapping[str, Callable[[Fold, Mapping[str, Any]], None]] = {
    "begin": Fold._begin,
    "collected": Fold._collection,
    "items": Fold._items,
    "unread": Fold._not_read,
    "start": Fold._start,
    "ok": Fold._all_passed,
    "phase": Fold._phase,
    "fault": Fold._broken,
    "covered": Fold._coverage,
    "gone": Fold._taken_out,
    "end": Fold._over,
}


def _case(nodeid: str, begun: _Begun, verdict: CaseVerdict, reason: str) -> Case:
    problems = tuple(begun.problems)
    if verdict == "passed" and problems:  # a later attempt passed
        problems = tuple(replace(each, kind=_LATER.get(each.kind, each.kind)) for each in problems)
    classname, name = _names(nodeid)
    said = Said(
        file=begun.file,
        line=begun.line,
        reason=reason,
        problems=problems,
        stdout=begun.out,
        stderr=begun.err,
        nodeid=nodeid,
    )
    return Case(name, classname, verdict, (), round(begun.seconds, 6), said if said != NOTHING else NOTHING)


def _names(nodeid: str) -> tuple[str, str]:
    """Return the class and name of a test, as pytest's own XML has them; parameters may hold anything.

    Examples
    --------
    >>> _names("tests/test_a.py::TestB::test_c[x::y/z.py]")
    ('tests.test_a.TestB', 'test_c[x::y/z.py]')
    """
    address, bracket, parameters = nodeid.partition("[")
    first, *names = address.split("::")
    first = first.replace("/", ".").removesuffix(".py")
    if not names:
        return "", first + bracket + parameters
    return ".".join((first, *names[:-1])), names[-1] + bracket + parameters


def _verdict(begun: _Begun) -> CaseVerdict:
    """Return pytest's word for a test of which every phase was told."""
    setup, call, teardown = (begun.phases.get(phase, "") for phase in _PHASES)
    if call and call not in ("passed", "skipped"):
        return "failed"
    if any(problem.kind == "failure" for problem in begun.problems):  # a subtest's
        return "failed"
    if setup not in ("passed", "skipped") or teardown not in ("passed", "skipped"):
        return "error"
    if "skipped" in (setup, call):
        return "xfailed" if begun.is_expected else "skipped"
    if not call:
        return "not-run"
    if teardown == "skipped":
        return "skipped"
    return "xpassed" if begun.is_expected else "passed"


def _problem(failure: Mapping[str, Any], kind: ProblemKind, phase: Any) -> Problem:
    def text(name: str) -> str:
        return str(failure.get(name, ""))

    spot = Spot(
        phase=phase,
        file=text("file"),
        line=int(failure.get("line", 0)),
        source=text("source"),
        origin=text("origin"),
        origin_line=int(failure.get("origin_line", 0)),
        op=text("op"),
        left=text("left"),
        right=text("right"),
    )
    return Problem(kind=kind, type=text("type"), message=text("message"), text=text("text"), spot=spot)
