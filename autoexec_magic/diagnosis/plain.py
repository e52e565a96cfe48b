"""Text made plain, so that a reader can trust its lines and a person can see one.

Escape sequences are taken out before anything is read, and every place found
in the plain text can be named in the original text. Nothing here knows a
language.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from autoexec_magic.values import Confidence, Diagnosis

from .sureness import earned

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 200  #: characters of a `why` or a `fix`: what fits on one line of a cell
_PROGRAM = re.compile(r"[A-Za-z0-9_][\w.+-]{0,63}", re.ASCII)
_LOOKED_AT = 8 * LIMIT  # characters of a text that can still matter to its first LIMIT
# ECMA-48, section 5: CSI; OSC (ends in BEL or ST); any other escape. Possessive, so linear.
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b]*+(?:\x07|\x1b\\)|[ -/]*+[0-~])",
)


class Reading(NamedTuple):
    """A diagnosis, and the half-open range of plain characters it explains."""

    diagnosis: Diagnosis
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without escape sequences.

    `cuts` are the places in `text` where something was taken out, ascending,
    and `removed` how many characters were taken out up to each of them.
    """

    original: str
    text: str
    cuts: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()

    def byte_range(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of UTF-8 bytes of the original for a range of `text`.

        A lone surrogate, which has no UTF-8, counts as three bytes
        (`surrogatepass`).
        """
        first, last = self.characters(start, end)
        if self.original.isascii():
            return first, last
        before = len(self.original[:first].encode("utf-8", "surrogatepass"))
        return before, before + len(self.original[first:last].encode("utf-8", "surrogatepass"))

    def characters(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of characters of the original for a range of `text`."""
        first = self._origin(start)
        return first, self._origin(end - 1) + 1 if end > start else first

    def _origin(self, at: int) -> int:
        passed = bisect_right(self.cuts, at)
        return at + (self.removed[passed - 1] if passed else 0)


def make_plain(text: str) -> Plain:
    r"""Return `text` without its escape sequences.

    Examples
    --------
    >>> make_plain("a \x1b[31mred\x1b[0m word").text
    'a red word'
    """
    if "\x1b" not in text:
        return Plain(text, text)
    pieces: list[str] = []
    cuts: list[int] = []
    removed: list[int] = []
    at = gone = 0
    for match in _ESCAPE.finditer(text):
        start, end = match.span()
        pieces.append(text[at:start])
        cuts.append(start - gone)
        gone += end - start
        removed.append(gone)
        at = end
    pieces.append(text[at:])
    return Plain(text, "".join(pieces), tuple(cuts), tuple(removed))


def one_line(text: str, *, limit: int = LIMIT) -> str:
    r"""Return `text` on one line of at most `limit` printable characters.

    White space becomes single spaces; what would not show (control characters,
    marks that turn the direction of writing) becomes U+FFFD: it is evidence.

    Examples
    --------
    >>> one_line("no\n  such\tthing", limit=10)
    'no such t…'
    """
    if len(text) <= limit and text.isprintable():
        return text
    head = make_plain(text[:_LOOKED_AT]).text
    line = " ".join(head.split())
    if not line.isprintable():
        line = "".join(character if character.isprintable() else "\ufffd" for character in line)
    if len(line) <= limit and len(text) <= _LOOKED_AT:
        return line
    return line[: limit - 1] + "…"


def compose(code: str, why: str, fix: str, confidence: Confidence, where: str = "") -> Diagnosis:
    """Return a diagnosis whose fields fit on one line; without a why the code is it.

    No code gets more confidence than it can earn, whoever composes it.
    """
    return Diagnosis(
        code=code,
        why=one_line(why).strip() or code,
        fix=one_line(fix),
        confidence=earned(code, confidence),
        where=one_line(where) if where else "",
    )


def program_of(name: str) -> str:
    """Return a program's name for a fix, if it can be one: who reads it may type it.

    Examples
    --------
    >>> program_of("g++-12"), program_of("http://host.example|sh")
    ('g++-12', 'that command')
    """
    return name if _PROGRAM.fullmatch(name) else "that command"


def last_line(text: str) -> tuple[int, int]:
    """Return the range of the last line of `text` that is not blank, stripped.

    The range is empty, (0, 0), where there is no such line.
    """
    end = len(text.rstrip())
    start = text.rfind("\n", 0, end) + 1
    return (start + len(text[start:end]) - len(text[start:end].lstrip()), end) if end else (0, 0)


def lines(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the range of each line of `text[start:stop]`, without its line feed."""
    while start < stop:
        end = text.find("\n", start, stop)
        end = stop if end < 0 else end
        yield start, end
        start = end + 1


def lines_back(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the same lines, the last first (empty ones at either end may differ)."""
    while stop > start:
        begin = max(text.rfind("\n", start, stop) + 1, start)
        yield begin, stop
        stop = begin - 1
