"""The runs of a sweep as people see them: their output in lines with their names, and a table of all.

What children write at the same time would be unreadable as it comes. So each
line waits until it is whole, and begins with the name of who wrote it. The
table is in the order of the combinations; of many it has those that did not
pass, and says how many did.
"""

from __future__ import annotations

import collections
import html
import itertools
import re
from collections.abc import Iterable

from ..events import ChildFinished, ChildStarted, Event, Output
from ..screen import collapsed
from ..values import Stream, Verdict

ROWS = 40  #: of a table
_NAMES = 4  # of the runs that have one cause
_WIDTH = 100  # characters of a reason in a row
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class Labelled:
    """What each child has written of a line that has no end yet."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, Stream], str] = {}

    def of(self, event: Event) -> list[tuple[Stream, str]]:
        """Return what an event adds to the text: output, and the rest of a child that has ended."""
        if isinstance(event, Output):
            return [(event.stream, self.feed(event) if event.child else event.text)]
        return self.rest(event.child) if isinstance(event, ChildFinished) else []

    def feed(self, event: Output) -> str:
        r"""Return the lines that are whole by now, each with its name.

        Examples
        --------
        >>> lines = Labelled()
        >>> lines.feed(Output(phase="run", stream="stdout", text="a\nb", child="n=1"))
        '[n=1] a\n'
        >>> lines.rest("n=1")
        [('stdout', '[n=1] b\n')]
        """
        key = (event.child, event.stream)
        *lines, self._open[key] = (self._open.get(key, "") + event.text).split("\n")
        return "".join(map(_labelled, lines, itertools.repeat(event.child)))

    def rest(self, child: str) -> list[tuple[Stream, str]]:
        """Return what a child that has ended left without an end."""
        mine = [key for key in self._open if key[0] == child]
        begun = [(key[1], self._open.pop(key)) for key in mine]
        return [(stream, _labelled(line, child)) for stream, line in begun if line]


class Table:
    """How the runs of a sweep stand."""

    def __init__(self) -> None:
        self._total = 0
        self._order: dict[str, int] = {}
        self._done: dict[str, ChildFinished] = {}

    def feed(self, event: Event) -> None:
        """Take note of an event; most are not about it."""
        if isinstance(event, ChildStarted):
            self._total = event.total
            self._order[event.child] = event.number
        elif isinstance(event, ChildFinished):
            self._done[event.child] = event

    def __bool__(self) -> bool:
        return bool(self._order)

    @property
    def total(self) -> int:
        """How many runs there are to be."""
        return self._total

    def standing(self) -> str:
        """Return how many have come to what: `12 of 24 done, 2 failed`."""
        counts = collections.Counter(str(event.verdict) for event in self._done.values())
        counts.pop(Verdict.PASSED, None)
        bad = [f"{count} {verdict}" for verdict, count in counts.items()]
        return ", ".join([f"{len(self._done)} of {self._total} done", *bad])

    def counts(self) -> str:
        """Return how many came to what in the end: `21 passed, 2 failed, 1 not run`."""
        counts = collections.Counter(str(event.verdict) for event in self._done.values())
        left = self._total - len(self._done)
        words = [f"{count} {verdict}" for verdict, count in counts.items()]
        return ", ".join([*words, *([f"{left} not run"] if left else [])])

    def lines(self) -> list[str]:
        """Return the table as text."""
        from .text import mark_of

        rows, more = self._rows()
        width = max((len(event.child) for event in rows), default=0)
        found = []
        for event in rows:
            line = (
                f"  {mark_of(event.verdict)} {event.child:{width}}  {event.verdict:9}  {event.seconds:7.2f} s"
            )
            found.append(f"{line}  {_cut(event.why or event.code)}".rstrip())
        found += [f"  … {more}"] if more else []
        found.append(f"  {self.counts()}{_many(self._causes())}")
        for same in self._causes():
            found.append(f"  {len(same)} × {same[0].why or same[0].code}  ({_names(same)})")
            found += [f"      fix: {same[0].fix}"] if same[0].fix else []
        return found

    def html(self) -> str:
        """Return the table as HTML, which a saved notebook shows."""
        from .text import mark_of

        rows, more = self._rows()
        body = "".join(
            f'<tr><td style="text-align:left">{_safe(mark_of(event.verdict))} {_safe(event.child)}</td>'
            f'<td style="text-align:left">{_safe(str(event.verdict))}</td><td>{event.seconds:.2f} s</td>'
            f'<td style="text-align:left">{_safe(_cut(event.why or event.code))}</td></tr>'
            for event in rows
        )
        head = "".join(
            f'<th scope="col" style="text-align:left">{name}</th>'
            for name in ("run", "verdict", "time", "why")
        )
        notes = [*([f"… {more}"] if more else []), self.counts() + _many(self._causes())]
        for same in self._causes():
            fix = f" · fix: {same[0].fix}" if same[0].fix else ""
            notes.append(f"{len(same)} × {same[0].why or same[0].code} ({_names(same)}){fix}")
        foot = "<br>".join(map(_safe, notes))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><div>{foot}</div>"

    def _rows(self) -> tuple[list[ChildFinished], str]:
        """Return the rows to be shown, in their order, and how many are not."""
        done = sorted(self._done.values(), key=lambda event: self._order.get(event.child, 0))
        if len(done) <= ROWS:
            return done, ""
        rows = [event for event in done if not event.verdict.is_good][:ROWS]
        return rows, f"{len(done) - len(rows):,} more: --json has them all" if len(rows) < len(done) else ""

    def _causes(self) -> list[list[ChildFinished]]:
        """Return those that failed, the same causes together, the most frequent first."""
        found: dict[str, list[ChildFinished]] = {}
        for event in self._done.values():
            if event.cause:
                found.setdefault(event.cause, []).append(event)
        return sorted(found.values(), key=len, reverse=True)


def _labelled(line: str, child: str) -> str:
    """Return a whole line with a name, as a terminal shows it in the end: what was rewritten, once."""
    return f"[{child}] {collapsed(line)}\n"


def _many(causes: list[list[ChildFinished]]) -> str:
    return f", {len(causes)} causes" if len(causes) > 1 else ""


def _names(same: Iterable[ChildFinished]) -> str:
    names = [event.child for event in same]
    return ", ".join(names[:_NAMES]) + (", …" if len(names) > _NAMES else "")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _safe(text: str) -> str:
    return html.escape(_COLOUR.sub("", text))
