"""A line of a text that may begin a failure, what stands around it, and what was seen there.

Every reader of logs takes a `Spot` and returns a `Seen`, or None where the
line is not what it knows. It looks at a bounded number of lines, and at a
bounded length of each, so that the time stays linear in the text's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from autoexec_magic.values import Confidence, Frame

from .certificates import fault
from .plain import Reading, compose, one_line

LONGEST_LINE = 2000  #: characters of a line that are looked at
NEAR = 40  #: lines around a spot that may belong to it
_LONGEST_NAME = 100  # characters of a name that a fix may repeat
_QUOTES = {"'": "'", "`": "'`", "‘": "’", '"': '"', "“": "”"}


class Spot(NamedTuple):
    """The line `text[start:end]`; `line` is it as far as it is looked at, without white space at its end."""

    text: str
    start: int
    end: int
    line: str

    def below(self, count: int = NEAR) -> Iterator[Spot]:
        """Yield up to `count` lines below this one, blank ones too."""
        text, end = self.text, self.end
        for _ in range(count):
            start = end + 1
            if start >= len(text):
                return
            found = spot_at(text, start)
            end = found.end
            yield found

    def above(self, count: int = NEAR) -> Iterator[Spot]:
        """Yield up to `count` lines above this one, the nearest first; of a very long one its end."""
        text, start = self.text, self.start
        for _ in range(count):
            end = start - 1
            if end < 0:
                return
            start = text.rfind("\n", max(0, end - LONGEST_LINE), end) + 1
            is_cut = start == 0 and end > LONGEST_LINE
            start = end - LONGEST_LINE if is_cut else start
            yield Spot(text, start, end, text[start:end].rstrip())
            if is_cut:
                return


def spot_at(text: str, start: int) -> Spot:
    """Return the spot whose line begins at `start`."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return Spot(text, start, end, text[start : min(end, start + LONGEST_LINE)].rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A failure that a reader saw. `start` and `end` are character offsets.

    `exits` are the exit codes with which the program says it, empty where any
    may come with it. An echo only repeats that something else failed. Of
    failures that `cascade` the first of a run is the cause of the others.
    """

    code: str
    why: str
    fix: str
    start: int
    end: int
    confidence: Confidence = "certain"
    where: str = ""
    evidence: tuple[str, ...] = ()
    exits: tuple[int, ...] = ()
    is_echo: bool = False
    cascades: bool = False

    def reading(self, *, at_most_likely: bool = False) -> Reading:
        """Return the diagnosis, each field on one line."""
        sure: Confidence = "likely" if at_most_likely and self.confidence == "certain" else self.confidence
        diagnosis = compose(self.code, self.why, self.fix, sure, self.where)
        file, _, number = diagnosis.where.rpartition(":")
        frame = Frame(file=file, line=int(number[:9])) if file and number.isdecimal() else None
        evidence = tuple(line for each in self.evidence if (line := one_line(each).strip()))
        return Reading(replace(diagnosis, evidence=evidence, frame=frame), self.start, self.end)


Reader: TypeAlias = Callable[[Spot], Seen | None]
#: What stands in a line -> code, fix; `{name}` becomes the line's first quoted name.
Saying: TypeAlias = tuple[str, str, str]
#: Literals one of which stands in each line that a reader knows, and the reader.
Family: TypeAlias = tuple[tuple[str, ...], Reader]


def saying(line: str, rows: tuple[Saying, ...]) -> tuple[str, str] | None:
    """Return code and fix of the first row that `line` holds, or None."""
    for mark, code, fix in rows:
        if mark in line:
            return code, fix.replace("{name}", quoted(line) or "it") if "{name}" in fix else fix
    return None


def quoted(line: str) -> str:
    """Return the first quoted words of `line`, or "" if they are too long for a fix.

    >>> quoted("pathspec 'a b' did not match"), quoted("crate `serde` is missing")
    ('a b', 'serde')
    """
    places = [at for sign in _QUOTES if (at := line.find(sign)) >= 0]
    if not places:
        return ""
    at = min(places)
    ends = [end for sign in _QUOTES[line[at]] if (end := line.find(sign, at + 1)) >= 0]
    name = line[at + 1 : min(ends)] if ends else ""
    return name if len(name) <= _LONGEST_NAME else ""


def known(spot: Spot, rows: tuple[Saying, ...], line: str = "", **more: object) -> Seen | None:
    """Return what the table says of the line (by default the whole line), or None."""
    words = line or spot.line.strip()
    found = saying(words, rows)
    if found is None:
        return None
    code, fix = found
    return seen(spot, code, words, fix, **more)


def seen(spot: Spot, code: str, why: str, fix: str, **more: object) -> Seen:
    """Return what was seen at the spot; `more` are other fields of `Seen`."""
    if code == "certificate-invalid":  # whoever says it: the fault is in the words, or it is not told
        code, fix = fault(why) or (code, fix)
    start = spot.start + len(spot.line) - len(spot.line.lstrip())
    end = spot.start + len(spot.line)
    last = more.pop("last", None)
    if isinstance(last, Spot):
        end = max(end, last.start + len(last.line))
    return Seen(code=code, why=why, fix=fix, start=start, end=end, **more)  # type: ignore[arg-type]
