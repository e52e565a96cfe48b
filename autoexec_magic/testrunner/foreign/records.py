"""What our reporters for Node's tools tell, as cases: marked lines of JSON among whatever tests print.

A line is a record only with the mark of this run, which the tests do not know.
Node takes a test file for passed that calls `process.exit(0)` halfway: each
test is told when it is queued and when it begins, so what never ended is
not-run here, and a reason not to believe the run. So is what Node had no time
to tell of, which the file's process itself tells as it ends (`inside/exits.cjs`),
and a count that differs from the tool's own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...values import Stream
from ..cases import Case, CasePhase, CaseVerdict, Problem, ProblemKind, Said, Spot
from ..told import Told
from . import stacks
from .gathering import TEXT_CHARS, Gathering, beginning, broken, ending, not_run, shortened
from .lines import LINE_CHARS
from .tool import Hearers

RECORD_CHARS = 4 * 2**20  #: of one record; the reporters shorten what they tell far below this
_NOT_TOLD = "it began, and its end was not told"
_NEVER_BEGUN = "the run ended before it began"
_MOST_FAILURES = 50  #: that are kept of one case


@dataclass(slots=True)
class _Open:
    """A test that was queued or began, and is not over."""

    nodeid: str
    file: str
    line: int
    names: tuple[str, ...]
    has_begun: bool = False


class Records:
    """Reads one run.

    Parameters
    ----------
    hearers : Hearers
        Who is told.
    mark : str
        What each record begins with.
    tool : str
        Who is to tell, for what is said of it.
    """

    def __init__(self, hearers: Hearers, mark: str, tool: str) -> None:
        self._gathered = Gathering(hearers)
        self._hearers = hearers
        self._mark, self._tool = f"{mark} ", tool
        self._rest = ""
        self._is_record = False  # `rest` begins with a mark
        self._open: dict[int, _Open] = {}
        self._within: dict[str, dict[int, None]] = {}  # the open ones by their file
        self._tails: dict[tuple[str, str], str] = {}
        self._files: dict[str, int] = {}  # how many cases each told
        self._exited: dict[str, str] = {}  # files that ended their process too early: how
        self._next = 0
        self._counted = self._failed = 0
        self._root = ""
        self._is_over = True

    @property
    def has_begun(self) -> bool:
        """Whether a reporter said anything."""
        return bool(self._root)

    def feed(self, stream: Stream, text: str) -> None:
        """Take a piece of the tool's output."""
        if stream != "stdout":
            self._hearers.on_text(stream, text)
            return
        self._rest += text
        while self._step():
            pass

    def end(self, returncode: int) -> Told:
        """Return what the run came to."""
        if self._is_record:
            self._gathered.fault("the last record is torn")
        elif self._rest:
            self._hearers.on_text("stdout", self._rest)
        self._rest, self._is_record = "", False
        if not self.has_begun:
            self._gathered.fault(f"{self._tool} said nothing of any test")
        elif not self._is_over:
            self._gathered.fault(f"{self._tool} did not say that it had ended")
        self._close(None)
        self._gathered.ended = self._is_over and self.has_begun
        return self._gathered.told(self._tool, returncode)

    def _step(self) -> bool:
        """Take a record, or the text before one, off the rest; whether there may be more."""
        if self._is_record:
            line, newline, rest = self._rest.partition("\n")
            if not newline:
                if len(self._rest) > RECORD_CHARS:
                    self._gathered.fault("a record without an end was written into the stream")
                    self._rest, self._is_record = "", False
                return False
            self._rest, self._is_record = rest, False
            self._record(line[len(self._mark) :])
            return True
        at = self._rest.find(self._mark)
        if at >= 0:
            self._text(self._rest[:at])
            self._rest, self._is_record = self._rest[at:], True
            return True
        held = self._held()
        self._text(self._rest[: len(self._rest) - held])
        self._rest = self._rest[len(self._rest) - held :]
        return False

    def _held(self) -> int:
        """Return how many characters at the end may be a mark's beginning."""
        most = min(len(self._mark) - 1, len(self._rest), LINE_CHARS)
        return next((size for size in range(most, 0, -1) if self._mark.startswith(self._rest[-size:])), 0)

    def _text(self, text: str) -> None:
        if text:
            self._hearers.on_text("stdout", text)

    def _record(self, line: str) -> None:
        try:
            record = json.loads(line)
            take = _TAKES.get(record["k"])
            number = int(record["n"])
            if number == 0 and self._is_over and record["k"] == "begin":
                self._next = 0  # a script may run its tool twice
            if number != self._next:
                self._gathered.fault(f"record {self._next} is missing from the stream")
            self._next = number + 1
            if self._is_over and record["k"] != "begin":
                self._gathered.fault("something was written into the stream after its end")
            elif take is not None:
                take(self, record)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            self._gathered.fault("something that is no record was written into the stream")

    def _begin(self, record: Mapping[str, Any]) -> None:
        self._root = str(record["root"]) or "."
        self._is_over = False
        self._counted = self._failed = 0

    def _queue(self, record: Mapping[str, Any]) -> None:
        number = int(record["i"])
        if number in self._open:
            self._gathered.fault(f"test {number} was queued twice")
            return
        file, names = str(record["file"]), tuple(str(name) for name in record["names"])
        nodeid = self._gathered.new_id("::".join((file, *names)))
        self._open[number] = _Open(nodeid, file, int(record.get("line", 0)), names)
        self._within.setdefault(file, {})[number] = None

    def _start(self, record: Mapping[str, Any]) -> None:
        if int(record["i"]) not in self._open:
            self._queue(record)
        test = self._open[int(record["i"])]
        test.has_begun = True
        if test.names:  # a file is no test yet
            self._hearers.on_start(test.nodeid)

    def _case(self, record: Mapping[str, Any]) -> None:
        number = int(record["i"])
        if record["outcome"] == "none":
            if number in self._open:
                self._taken(number)
            return
        if number not in self._open:
            self._queue(record)
        test = self._taken(number)
        failures = [self._failure(each, test, record) for each in record.get("failures", ())[:_MOST_FAILURES]]
        verdict = _verdict(record, has_begun=test.has_begun)
        again = record.get("again", ())[:_MOST_FAILURES]
        kind: ProblemKind = "rerun-failure" if verdict in ("failed", "error") else "flaky-failure"
        attempts = [self._problem(each, kind, "call", test.file) for each in again]
        if not record.get("uncounted"):
            self._counted += 1
            self._failed += record["outcome"] == "failed" and not record.get("todo")
        if not test.names and verdict == "passed" and test.file in self._exited:
            self._broken_off(test)
            return
        case = self._made(test, record, verdict, (*attempts, *failures))
        if not test.names and case.is_bad and not self._files.get(test.file):
            self._gathered.unread(case)
        else:
            self._gathered.add(case)
        if test.names:
            self._files[test.file] = self._files.get(test.file, 0) + 1
        else:
            self._forget(test.file)

    def _made(
        self, test: _Open, record: Mapping[str, Any], verdict: CaseVerdict, problems: tuple[Problem, ...]
    ) -> Case:
        reason = str(record.get("reason") or "")
        if not test.names and verdict == "passed":
            reason = "it has no test of its own; it ran, and ended with 0"
        classname, name = (
            "::".join((test.file, *test.names[:-1])),
            test.names[-1] if test.names else test.file,
        )
        milliseconds = record.get("ms")
        return Case(
            name,
            classname if test.names else "",
            verdict,
            (),
            None if milliseconds is None else round(float(milliseconds) / 1000, 6),
            Said(
                file=test.file,
                line=test.line,
                reason=reason,
                problems=problems,
                stdout=self._tails.get((test.file, "stdout"), "") if not test.names else "",
                stderr=self._tails.get((test.file, "stderr"), "") if not test.names else "",
                nodeid=test.nodeid,
            ),
        )

    def _failure(self, failure: Mapping[str, Any], test: _Open, record: Mapping[str, Any]) -> Problem:
        if not test.names:
            return self._file_failure(failure, test.file)
        phase: CasePhase = record.get("phase", "call")
        kind: ProblemKind = "failure" if phase == "call" else "error"
        return self._problem(failure, kind, phase, test.file)

    def _file_failure(self, failure: Mapping[str, Any], file: str) -> Problem:
        """Return what is wrong with a file whose process failed: the error that it wrote, if it wrote one."""
        wrote = self._tails.get((file, "stderr"), "")
        type_, message = stacks.last_error(wrote)
        signal, code = failure.get("signal"), failure.get("exit")
        ended = f"its process was ended by {signal}" if signal else f"its process ended with {code}"
        text = wrote or str(failure.get("text", ""))
        more = {**failure, "type": type_ or str(signal or ""), "message": message or ended, "text": text}
        return self._problem(more, "error", "teardown" if self._files.get(file) else "collect", file)

    def _problem(self, failure: Mapping[str, Any], kind: ProblemKind, phase: CasePhase, file: str) -> Problem:
        text = shortened(str(failure.get("text", "")), TEXT_CHARS)
        found = stacks.places(text, self._root)
        mine = next((place for place in found if place[0] == file), None)
        origin = found[0] if found else ("", 0)
        at = mine or ((file, 0) if file else origin)
        spot = Spot(
            phase=phase,
            file=at[0],
            line=at[1],
            origin=origin[0],
            origin_line=origin[1],
            **{word: beginning(str(failure.get(word, ""))) for word in ("op", "left", "right")},
        )
        message = "\n".join(filter(None, (str(failure.get("message", "")), str(failure.get("note", "")))))
        return Problem(
            kind=kind,
            type=str(failure.get("type") or failure.get("kind") or ""),
            message=shortened(message),
            text=text,
            spot=spot,
        )

    def _file(self, record: Mapping[str, Any]) -> None:
        """Take the end of a file's own process: what it had begun and not ended did not run."""
        test = self._open.get(int(record["i"]))
        if test is None or test.names:
            return
        file = test.file
        left = self._close(file)
        if left:
            signal, code = record.get("signal"), record.get("exit")
            how = f"by {signal}" if signal else f"with {code}"
            self._gathered.fault(f"{file} ended {how} before {left} of its tests had ended")
        if record.get("exit") == 0 and self._files.get(file):
            self._taken(int(record["i"]))
            self._forget(file)

    def _exit(self, record: Mapping[str, Any]) -> None:
        """Take the tests of a file whose own code ended its process: what was not told of did not run."""
        file = str(record["file"])
        called = f"{file} called process.exit({int(record.get('exit', 0))})"
        if record.get("count") is None:
            self._exited[file] = f"{called}, and its tests are not known"
        elif not int(record["count"]) and record.get("isTests"):
            self._exited[file] = f"{called} before it had a test"
        elif left := self._untold(file, record):
            self._exited[file] = f"{called} before {left} of its tests had ended"
        if file in self._exited:
            self._gathered.fault(self._exited[file])

    def _untold(self, file: str, record: Mapping[str, Any]) -> int:
        """Make cases of the tests that a file's process knew and nobody told of; return how many."""
        ids = Counter("::".join(map(str, names)) for names in record["names"])
        reason = "its process called process.exit before its end was told"
        left = 0
        for nodeid, count in ids.items():
            for _ in range(count - self._gathered.known(nodeid)):
                origin = nodeid.partition("::")[0]
                self._gathered.add(not_run(self._gathered.new_id(nodeid), reason, file=origin))
                self._files[file] = self._files.get(file, 0) + 1
                left += 1
        unnamed = max(int(record["count"]) - ids.total(), 0)  # told or not, of so many nobody can say
        self._gathered.missing += unnamed
        return left + unnamed

    def _broken_off(self, test: _Open) -> None:
        """Take a file that Node passes as a script without tests, and that had some."""
        if not self._files.get(test.file):
            self._gathered.add(not_run(test.nodeid, self._exited[test.file], file=test.file))
        self._forget(test.file)

    def _close(self, file: str | None) -> int:
        """Make cases of what is still open, in `file` or anywhere; how many."""
        numbers = list(self._open if file is None else self._within.get(file, ()))
        begun = {
            test.file: test.names for test in map(self._open.__getitem__, numbers) if test.has_begun
        }  # the innermost one: those around it are groups, of which older versions do not say so
        left = 0
        for number in numbers:
            test = self._open[number]
            if file is not None and not test.names:
                continue
            self._taken(number)
            inner = begun.get(test.file, ())
            is_group = len(inner) > len(test.names) and inner[: len(test.names)] == test.names
            if is_group or (not test.names and self._files.get(test.file) and self._is_over):
                continue
            reason = _NOT_TOLD if test.has_begun else _NEVER_BEGUN
            self._gathered.add(not_run(test.nodeid, reason, file=test.file, line=test.line))
            if test.names:
                self._files[test.file] = self._files.get(test.file, 0) + 1
            left += 1
        return left

    def _taken(self, number: int) -> _Open:
        """Take a test out of the open ones."""
        test = self._open.pop(number)
        within = self._within[test.file]
        within.pop(number, None)
        if not within:
            del self._within[test.file]
        return test

    def _forget(self, file: str) -> None:
        self._tails.pop((file, "stdout"), None)
        self._tails.pop((file, "stderr"), None)

    def _not_loaded(self, record: Mapping[str, Any]) -> None:
        file = str(record["file"])
        problems = [self._problem(each, "error", "collect", file) for each in record["failures"]]
        self._gathered.unread(broken(file, *problems[:_MOST_FAILURES], file=file))

    def _out(self, record: Mapping[str, Any]) -> None:
        stream: Stream = "stderr" if record["stream"] == "stderr" else "stdout"
        text, key = str(record["text"]), (str(record["file"]), stream)
        if key[0]:
            self._tails[key] = ending(self._tails.get(key, "") + text)
        self._hearers.on_text(stream, text)

    def _broken(self, record: Mapping[str, Any]) -> None:
        self._gathered.fault(str(record["text"]))

    def _over(self, record: Mapping[str, Any]) -> None:
        self._is_over = True
        counts = record["counts"]
        for word, read in (("tests", self._counted), ("failed", self._failed)):
            said = counts.get(word)
            if said is not None and int(said) != read:
                what = "tests" if word == "tests" else "failed tests"
                self._gathered.fault(f"{self._tool} counted {said} {what}, and {read} were told")


_TAKES: Mapping[str, Callable[[Records, Mapping[str, Any]], None]] = {
    "begin": Records._begin,
    "queue": Records._queue,
    "start": Records._start,
    "case": Records._case,
    "file": Records._file,
    "exit": Records._exit,
    "unread": Records._not_loaded,
    "out": Records._out,
    "fault": Records._broken,
    "end": Records._over,
}


def _verdict(record: Mapping[str, Any], *, has_begun: bool) -> CaseVerdict:
    """Return pytest's word: a todo is a test that is expected to fail."""
    outcome = record["outcome"]
    if outcome == "skipped":
        return "skipped"
    if record.get("todo"):
        return "xpassed" if outcome == "passed" else "xfailed"
    if outcome == "passed":
        return "xfailed" if record.get("expected") else "passed"
    kinds = {str(each.get("kind", "")) for each in record.get("failures", ())}
    is_cancelled = "cancelledByParent" in kinds and not has_begun
    has_no_test = record.get("phase", "call") != "call" or not record.get("names", True)
    return "error" if is_cancelled or has_no_test else "failed"
