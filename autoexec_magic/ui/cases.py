"""How a run of tests stands, from its events: as text with pytest's own vocabulary.

Progress is written as it comes, a letter a test and a line a file; what failed
is told in full below, then in a line each whose reason is never cut, and at
last what the failures have in common.
"""

from __future__ import annotations

import collections
import re
import time
from collections.abc import Mapping, Sequence

from ..events import (
    CaseFinished,
    CasesCollected,
    CasesCounted,
    CaseStarted,
    CausesFound,
    Covered,
    Event,
    PhaseFinished,
    PhaseStarted,
)
from ..redact import one_line
from ..screen import collapsed
from ..testrunner import counts_of

LETTERS: Mapping[str, str] = {
    "passed": ".",
    "failed": "F",
    "error": "E",
    "skipped": "s",
    "xfailed": "x",
    "xpassed": "X",
    "not-run": "-",
}
WORDS: Mapping[str, str] = {"failed": "FAILED", "error": "ERROR", "not-run": "NOT RUN"}
MOST_WHOLE = 10  #: failures that are told in full
MOST_LINES = 1_000  #: that are told in a line
MOST_NAMES = 3
_WIDTH = 70  # letters in a line, as in a terminal of 80 columns
_MOVES = re.compile(r"\x1b\[[0-9:;]*[A-HJKdf]")  # all that `redact.harmless` leaves, but for colours


class Cases:
    """The tests of one run.

    `bad` are those that did not pass, in their order; the rest are only counted.
    """

    def __init__(self) -> None:
        self.total = 0
        self.expected = 0.0
        self.done = 0
        self.counts: collections.Counter[str] = collections.Counter()
        self.bad: dict[str, CaseFinished] = {}
        self.files: dict[str, collections.Counter[str]] = {}
        self.slow: list[tuple[float, str]] = []
        self.running = ""
        self.found: CausesFound | None = None
        self.flaky = 0
        self._all: dict[str, int] = {}  # of all, when they have ended
        self._told: dict[str, tuple[str, str]] = {}  # verdict and file, by id
        self._started = time.monotonic()
        self._letters: _Letters = _Letters()

    def __bool__(self) -> bool:
        return bool(self.total or self.done or self._all)

    def feed(self, event: Event) -> str:
        """Take note of an event; return what is to be written of it at once, which may end inside a line."""
        if isinstance(event, PhaseStarted) and event.phase == "test":
            self._started = time.monotonic()
        elif isinstance(event, CasesCollected):
            self.total = max(self.total, event.count)  # again: some of the same
            self.expected += event.seconds
            self._all = {}
        elif isinstance(event, CaseStarted):
            self.running = event.nodeid
        elif isinstance(event, CaseFinished):
            self._note(event)
            return self._letters.of(event, self.share)
        elif isinstance(event, CasesCounted):
            self._all = event.counts
        elif isinstance(event, CausesFound):
            self.found = event
        return ""

    def _note(self, event: CaseFinished) -> None:
        self._forget(event.nodeid.partition("::")[0], event)
        if event.nodeid in self._told:  # it was run again: what it came to then counts
            self._take_back(event.nodeid)
        self.done += 1
        self._told[event.nodeid] = event.verdict, _file(event)
        self.counts[event.verdict] += 1
        self.files.setdefault(_file(event), collections.Counter())[event.verdict] += 1
        self.flaky += event.verdict == "passed" and event.attempts > 1
        if event.verdict in WORDS:
            self.bad[event.nodeid] = event
        if self.running == event.nodeid:
            self.running = ""
        self.slow = (
            sorted([*self.slow, (event.seconds, event.nodeid)], reverse=True)[:10]
            if (len(self.slow) < 10 or event.seconds > self.slow[-1][0])
            else self.slow
        )

    def _forget(self, file: str, event: CaseFinished) -> None:
        """Take back that a file could not be collected: a test in it has ended."""
        if file != event.nodeid and file in self.bad:
            self._take_back(file)

    def _take_back(self, nodeid: str) -> None:
        """Forget how a test or file ended."""
        verdict, file = self._told.pop(nodeid)
        self.bad.pop(nodeid, None)
        self.done -= 1
        self.counts[verdict] -= 1
        self.files[file][verdict] -= 1

    @property
    def share(self) -> float:
        """How much of the tests is done, 0 to 1; 0 where nobody knows how many there are."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def standing(self) -> str:
        """Return how far it has got: `12 of 24 done, 2 failed, about 3 s left · test_a.py::test_b`."""
        words = [f"{self.done:,} of {self.total:,} done" if self.total else f"{self.done:,} done"]
        words += [
            f"{self.counts[verdict]:,} {verdict}" for verdict in ("failed", "error") if self.counts[verdict]
        ]
        if left := self._left():
            words.append(f"about {left:.0f} s left")
        running = f" · {self.running}" if self.running else ""
        return ", ".join(words) + running

    def _left(self) -> float:
        """Return the seconds that are left, by earlier runs or else by this one; 0 where nobody knows."""
        spent = time.monotonic() - self._started
        if not self.total or not 0 < self.share < 1 or spent < 1:
            return 0.0
        return max(0.0, self.expected - spent) or spent * (1 - self.share) / self.share

    def summary(self) -> str:
        """Return how many ended how, in pytest's words: of what was told, and in the end of all there are."""
        flaky = f", {self.flaky:,} of them at a later attempt" if self.flaky else ""
        return counts_of(self._all or +self.counts) + flaky

    def lines(self) -> list[str]:
        """Return what there is to say in the end: what failed, and what the failures have in common."""
        found: list[str] = []
        told = [event for event in self.bad.values() if event.failure is not None]
        for event in told[:MOST_WHOLE]:
            found += whole(event)
        found += self.short()
        return [*found, *self.causes()]

    def short(self) -> list[str]:
        """Return a line for each test that did not pass, with the first line of its reason."""
        events = list(self.bad.values())
        lines = [short(event) for event in events[:MOST_LINES]]
        left = len(events) - len(lines)
        return [*lines, *([f"… {left:,} more: --junitxml PATH has them all"] if left else [])]

    def causes(self) -> list[str]:
        """Return what the failures have in common."""
        found = self.found
        if found is None or len(found.causes) == len(self.bad) <= MOST_WHOLE:  # each was told in full
            return []
        many = f"{found.failed:,} failure{'' if found.failed == 1 else 's'}"
        lines = [f"{many}, {len(found.causes):,} cause{'' if len(found.causes) == 1 else 's'}"]
        for cause in found.causes:
            place = f" at {cause.where}" if cause.where else ""
            sure = f" ({cause.confidence})" if cause.cls != "unknown" else ""
            lines.append(f"  {cause.count:,} × {cause.cls}{sure}{place}: {cause.what}")
            lines += [f"      fix: {cause.fix}"] if cause.fix else []
        return lines

    def end(self, event: PhaseFinished) -> str:
        """Return the last line of the tests."""
        return f"{self.summary() or 'no tests ran'} in {event.seconds:.2f} s"


class _Letters:
    """A letter a test, a line a file, as pytest writes them."""

    def __init__(self) -> None:
        self._file = ""
        self._column = 0

    def of(self, event: CaseFinished, share: float) -> str:
        letter = LETTERS.get(event.verdict, "?")
        file = _file(event)
        if file != self._file:
            before, self._file = self._file, file
            self._column = len(file) + 2
            return f"{chr(10) if before else ''}{file} {letter}"
        if self._column >= _WIDTH:
            self._column = 0
            return f" [{share:4.0%}]\n{letter}"
        self._column += 1
        return letter


def short(event: CaseFinished) -> str:
    """Return a line for a test: its verdict, its id, and the first line of its reason."""
    reason = f" - {event.message}" if event.message else ""
    return f"{WORDS.get(event.verdict, event.verdict.upper())} {one_line(event.nodeid)}{reason}"


def whole(event: CaseFinished) -> list[str]:
    """Return all that there is to say of a failure: pytest's text, what was compared, and why it is."""
    failure = event.failure
    assert failure is not None
    head = f"―――― {one_line(event.nodeid)} ――――"
    lines = [head, *_still(failure.text)]
    for name, text in (("stdout", failure.stdout), ("stderr", failure.stderr)):
        if text.strip():
            lines += [f"  {name}:", *(f"    {line}" for line in _still(collapsed(_MOVES.sub("", text))))]
    if failure.op and (failure.left or failure.right):
        compared = (failure.left, failure.op, failure.right)
        lines += ["  compared:", *(f"    {line}" for text in compared for line in _still(text))]
    if failure.why:
        lines.append(f"  {failure.cls} ({failure.confidence}): {one_line(failure.why)}")
    if failure.past:
        lines.append(f"  {failure.past}")
    if failure.fix:
        lines.append(f"  fix: {failure.fix}")
    return lines


def _still(text: str) -> list[str]:
    """Return the lines of what somebody else wrote, in colours and without what goes back or erases.

    A test's words are written between ours: they are not to write over them. What stands behind a carriage
    return is a line of its own, so nothing is hidden; and colours end with the text.
    """
    text = _MOVES.sub("", text.replace("\r\n", "\n").replace("\b", "")).replace("\r", "\n").rstrip("\n")
    return f"{text}\x1b[0m".split("\n") if "\x1b[" in text else text.split("\n")


def cover_lines(event: Covered) -> list[str]:
    """Return how much of each file ran, and the lines that did not, as coverage.py tells it."""
    width = max((len(item.file) for item in event.files), default=0)
    total = sum(item.statements for item in event.files)
    missed = sum(len(item.missed) for item in event.files)
    rows = [
        f"{item.file:{width}}  {item.statements:6,}  {share(item.statements, len(item.missed))}"
        f"  {ranges(item.missed)}".rstrip()
        for item in event.files
    ]
    return [*rows, f"{'TOTAL':{width}}  {total:6,}  {share(total, missed)}"] if rows else []


def share(statements: int, missed: int) -> str:
    """Return how much ran, in whole percent; 100 only where all did."""
    if not statements:
        return "100 %"
    percent = 100 * (statements - missed) / statements
    return f"{99 if missed and percent > 99 else percent:3.0f} %"


def ranges(lines: Sequence[int]) -> str:
    """Return line numbers with those in a row as a range.

    Examples
    --------
    >>> ranges((1, 2, 3, 7, 9, 10))
    '1-3, 7, 9-10'
    """
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][-1] + 1:
            found[-1][1:] = [line]
        else:
            found.append([line])
    return ", ".join("-".join(map(str, each)) for each in found)


def _file(event: CaseFinished) -> str:
    return event.file or event.nodeid.partition("::")[0]
