"""Builds cases and suites out of the tags of one document.

What stands in a text is text: a report that somebody printed into its own
output begins no case. And of one case no more is kept than a person can use,
so that a file which never ends does not take the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import UsageError
from ..cases import NOTHING, Case, CaseVerdict, Problem, ProblemKind, Said
from . import own
from .claims import Claim, doubt
from .dialects import (
    PARTS,
    PROBLEMS,
    SKIPS,
    TEXTS,
    attachments_in,
    is_todo,
    plain_verdict,
    seconds_of,
    skip_verdict,
)
from .escapes import PROPERTY, unescape
from .parts import Begun, Suite, Text, keep_inside, shared, with_one

NO_JUNIT = "this is no JUnit XML"  #: what is said of XML whose first element is another
_LINE_DIGITS = 10
_ENDED = "the file ends before this case does"
_ROOTS = frozenset({"testsuites", "testsuite", "testcase", "testrun"})
_MOST_DEPTH = 500  # of elements: deeper is an attack on whoever walks it
_MOST_BYTES = 32 * 2**20  # of one case that are kept, or between two
_LEFT_OUT = f"…\n[the rest is left out: more than {_MOST_BYTES >> 20} MB]"


_PLAIN = 3  # attributes: a name, a class, a time
_case_of = tuple.__new__  # what `Case(…)` does, in half the time


class Refused(Exception):
    """Something that no report needs, and an attack does."""


class Building:
    """What takes the tags of one document.

    Parameters
    ----------
    parser
        expat's; its handlers are set here.
    on_case, on_suite : callable
        Take what is finished.
    cases : callable
        Returns how many cases are finished.
    on_doubt : callable
        Takes what a suite claims and does not hold, at its end.
    """

    def __init__(
        self,
        parser: Any,
        on_case: Callable[[Case], object],
        on_suite: Callable[[Suite], object],
        *,
        cases: Callable[[], int],
        on_doubt: Callable[[str], object],
    ) -> None:
        self._cases, self._on_doubt = cases, on_doubt
        self._wrong = 0  # elements of problems so far, and cases that failed without one
        self._claims: list[Claim] = []
        self._parser = parser
        self._on_case, self._on_suite = on_case, on_suite
        self._suites: list[Begun] = []
        self._path: tuple[str, ...] = ()
        self._case: dict[str, str] | None = None  # the attributes of the one that was begun
        self._bare: dict[str, str] | None = None  # the same, as long as nothing began inside it
        self._counted: dict[str, str] | None = None  # the case of which bytes were counted
        self._said: Begun | None = None  # what was said inside it, if anything was
        self._inner = 0  # cases that were begun inside it, which no tool writes
        self._texts: list[Text] = []
        self._has_escapes = False
        self._kept_bytes = 0
        self.depth = 0
        self.has_begun = False
        parser.StartElementHandler = self._start_first
        parser.EndElementHandler = self._end

    def count(self, piece_bytes: int) -> None:
        """Note how much of the file was read; of what goes on for too long no more is kept."""
        if self._case is None and not self._texts:
            return
        self._count_anew()
        self._kept_bytes += piece_bytes
        if self._is_full and self._texts:
            self._parser.CharacterDataHandler = None

    def _count_anew(self) -> None:
        if self._counted is not self._case:
            self._counted, self._kept_bytes = self._case, 0

    def end(self, *, is_whole: bool) -> None:
        """Hand over the case that was begun and never ended: as failed if it had said so, else as not run."""
        while self._texts:
            self._close_text()
        if self._case is not None and not is_whole:
            said = self._open()
            if said is not None and said.verdict is None:
                said.verdict, said.reason = "not-run", _ENDED
                said.properties = [item for item in said.properties if item[0] != own.VERDICT]
            self._close_case(self._case)
        while self._suites and not is_whole:
            self._close_suite()

    @property
    def is_over(self) -> bool:
        """Whether the document's root element was closed."""
        return self.has_begun and not self.depth and self._case is None

    @property
    def _is_full(self) -> bool:
        return self._kept_bytes > _MOST_BYTES

    def _start_first(self, name: str, attributes: dict[str, str]) -> None:
        plain = name.rpartition(":")[2]
        self.has_begun = True
        self._parser.StartElementHandler = self._start
        if plain not in _ROOTS:
            raise UsageError(
                NO_JUNIT,
                why=f"its first element is <{plain[:40]}>, not <testsuites> or <testsuite>",
                fix="give the report that the test tool wrote as JUnit XML",
            )
        self._start(name, attributes)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        # A case counts for no depth, unless it is within another: a large report has a million of them.
        if name == "testcase" and self._case is None and not self._texts:
            self._case = self._bare = attributes
            return
        self._bare = None
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise Refused(f"more than {_MOST_DEPTH} elements are inside one another")
        self._begin_part(name.rpartition(":")[2], attributes)

    def _begin_part(self, name: str, attributes: dict[str, str]) -> None:
        if self._texts:
            if name in PARTS and len(self._texts) == 1 and self._texts[0].name in PROBLEMS:
                self._open_text(name, attributes)
        elif name == "testcase":
            if self._case is None:  # with the prefix of a namespace
                self._case = attributes
                self.depth -= 1
            else:
                self._inner += 1
        elif name in TEXTS:
            self._open_text(name, attributes)
        elif name == "testsuites" and self._case is None:
            self._claim(attributes)
        elif name == "testsuite" and self._case is None:
            self._claim(attributes)
            self._suites.append(Begun(attributes))
            self._path = (*self._path, self._plain(attributes.get("name", "")))
            self._kept_bytes = 0

    def _end(self, name: str) -> None:
        attributes = self._bare
        if attributes is not None:  # nothing began since that case did: this is its end
            self._bare = None
            if len(attributes) == _PLAIN and not self._has_escapes:
                try:  # what most cases are, in the fewest steps
                    row = (
                        attributes["name"],
                        shared(attributes["classname"]),
                        "passed",
                        self._path,
                        seconds_of(attributes["time"]),
                        NOTHING,
                    )
                except KeyError:
                    pass
                else:
                    self._case = None
                    self._on_case(_case_of(Case, row))
                    return
        self._end_any(name.rpartition(":")[2])

    def _end_any(self, name: str) -> None:
        if self._texts:
            if self._texts[-1].depth == self.depth:
                self._close_text()
            self.depth -= 1
            return
        if name == "testcase" and not self._inner and (attributes := self._case) is not None:
            self._close_case(attributes)
            return
        self.depth -= 1
        if name == "testcase":
            self._inner -= 1
        elif name == "testsuite" and self._case is None and self._suites:
            self._close_suite()
            self._hold_to_claim()
        elif name == "testsuites" and self._case is None:
            self._hold_to_claim()

    def _claim(self, attributes: dict[str, str]) -> None:
        around = self._claims[-1] if self._claims else None
        is_outermost = around is None or (around.is_outermost and not around.counts_tests)
        self._claims.append(Claim(attributes, self._cases(), self._wrong, is_outermost))

    def _hold_to_claim(self) -> None:
        """Hold what a suite says of itself to what was in it."""
        if self._claims and (said := doubt(self._claims.pop(), self._cases(), self._wrong)):
            self._on_doubt(self._plain(said))

    def _plain(self, text: str) -> str:
        return unescape(text) if self._has_escapes else text

    def _open_text(self, name: str, attributes: dict[str, str]) -> None:
        self._count_anew()
        text = Text(name, attributes, self.depth)
        self._texts.append(text)
        self._parser.CharacterDataHandler = None if self._is_full else text.parts.append

    def _close_text(self) -> None:
        text = self._texts.pop()
        if self._is_full:
            text.parts.append(_LEFT_OUT)
        said = self._plain("".join(text.parts))
        outer = self._texts[-1] if self._texts else None
        self._parser.CharacterDataHandler = outer.parts.append if outer and not self._is_full else None
        if outer is not None:
            keep_inside(outer, text.name, said)
            return
        open_ = self._open()
        if text.name == "property":
            self._property(open_, text.attributes, said)
        elif open_ is not None:
            self._take(open_, text, said)

    def _open(self) -> Begun | None:
        """Return what takes what is said now: the case, else the innermost suite."""
        if self._case is None:
            return self._suites[-1] if self._suites else None
        self._said = self._said or Begun(self._case)
        return self._said

    def _property(self, open_: Begun | None, attributes: dict[str, str], said: str) -> None:
        name, value = attributes.get("name", ""), attributes.get("value", said)
        if (name, value) == PROPERTY and self._case is None:
            if not self._has_escapes:  # the names of the suites so far were read before it was known
                self._path = tuple(map(unescape, self._path))
            self._has_escapes = True
        elif open_ is None or self._is_full:
            return
        elif self._has_escapes and name == own.PLACE and self._case is None:
            open_.place = value
            if value == own.NONE and self._path:
                self._path = self._path[:-1]
        else:
            open_.properties = with_one(open_.properties, (self._plain(name), self._plain(value)))

    def _take(self, open_: Begun, text: Text, said: str) -> None:
        name = text.name
        if name == "system-out":
            open_.stdout = with_one(open_.stdout, said)
        elif name == "system-err":
            open_.stderr = with_one(open_.stderr, said)
        elif name in SKIPS:
            kind = text.attributes.get("type", "")
            open_.verdict = open_.verdict or skip_verdict(kind)
            open_.is_todo = open_.is_todo or is_todo(kind)
            open_.reason = self._plain(text.attributes.get("message", "")) or said.strip()
        elif kind_ := PROBLEMS.get(name):
            self._wrong += 1
            if kind_ == "failure":  # also where its teardown had an error
                open_.verdict = "failed"
            elif kind_ == "error" and open_.verdict != "failed":
                open_.verdict = "error"
            problem = self._problem(kind_, text, said)
            if problem is not None and not self._is_full:
                open_.problems = with_one(open_.problems, problem)

    def _problem(self, kind: ProblemKind, text: Text, said: str) -> Problem | None:
        """Return what a problem's element says; None where that is only that there was one."""
        get = text.attributes.get
        if self._has_escapes and kind in own.DECISIVE and get("type") == own.UNSAID:
            return None
        return Problem(
            kind=kind,
            type=self._plain(get("type", "")),
            message=self._plain(get("message", "")),
            text=text.trace or said,
            stdout=text.stdout,
            stderr=text.stderr,
            seconds=seconds_of(get("time", "")),
        )

    def _close_case(self, attributes: dict[str, str]) -> None:
        said, self._said, self._case = self._said, None, None
        self._kept_bytes = 0
        get = attributes.get
        name, classname = get("name", ""), get("classname") or get("class") or ""
        if self._has_escapes:
            name, classname = unescape(name), unescape(classname)
        verdict: CaseVerdict = "passed"
        if "status" in attributes or "result" in attributes:
            verdict = plain_verdict(attributes, said.reason if said and said.verdict == "skipped" else "")
            self._wrong += verdict in own.BAD and not (said and said.verdict)
        more = NOTHING
        if said is not None or "file" in attributes or "line" in attributes:
            verdict, more = self._more(said or Begun(attributes), verdict)
        seconds = seconds_of(get("time") or get("duration") or "")
        self._on_case(Case(name, classname, verdict, self._path, seconds, more))

    def _more(self, said: Begun, plain: CaseVerdict) -> tuple[CaseVerdict, Said]:
        """Return how a case ended in which something is said, and that."""
        line, stdout, stderr = said.attributes.get("line", ""), "".join(said.stdout), "".join(said.stderr)
        verdict = said.verdict or plain
        if verdict == "skipped" and plain == "not-run":
            verdict = plain
        elif said.is_todo and verdict in ("failed", "error"):  # it was expected to, and fails nothing
            verdict = "xfailed"
        more = Said(
            file=self._plain(said.attributes.get("file", "")),
            line=int(line) if line.isdecimal() and len(line) < _LINE_DIGITS else 0,
            reason=said.reason,
            problems=tuple(said.problems),
            stdout=stdout,
            stderr=stderr,
            properties=tuple(said.properties),
            attachments=attachments_in(stdout, stderr),
        )
        return own.restored(verdict, more) if self._has_escapes and said.properties else (verdict, more)

    def _close_suite(self) -> None:
        suite = self._suites.pop()
        attributes = suite.attributes
        if suite.problems:  # some tools have no case for what kept a whole suite from running
            self._on_case(
                Case(
                    name="",
                    verdict=suite.verdict or "error",
                    suites=self._path,
                    said=Said(file=self._plain(attributes.get("file", "")), problems=tuple(suite.problems)),
                )
            )
        if not suite.place:
            self._on_suite(
                Suite(
                    path=self._path,
                    seconds=seconds_of(attributes.get("time", "")),
                    timestamp=self._plain(attributes.get("timestamp", "")),
                    hostname=self._plain(attributes.get("hostname", "")),
                    properties=tuple(map(own.given, suite.properties))
                    if self._has_escapes
                    else tuple(suite.properties),
                    stdout="".join(suite.stdout),
                    stderr="".join(suite.stderr),
                )
            )
        if suite.place != own.NONE:
            self._path = self._path[:-1]
