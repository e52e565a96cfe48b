"""Finds parts of secrets beside the places where a text was cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# Each search begins with what is rare: a pattern that may begin with anything is tried at each character.
_DOTS = re.compile(r"\.\.\.(?:(?<=[^\s.]\.\.\.)(?!\.)|(?<!\.\.\.\.)(?=[^\s.]))")  # pytest's
_MORE = re.compile(r" [0-9]+ more character")  # Node's, behind a quote and three dots
_QUOTES = ("'", '"', "`")
_MARK_OF_CUT = "…"
_LEAST_OF_CUT = 4  #: characters of a secret beside a cut that are masked; fewer say little of it
_LEAST_OF_DOTS = 5  #: … beside three dots, which stand behind words, too


def parts(text: str, secrets: Sequence[str]) -> list[tuple[int, int]]:
    """Return where, as half-open ranges, a text shows part of a secret of which the rest was left out.

    pytest shortens each compared value so, to about 30 characters: most of a token would stay. And
    what runs tests cuts what they wrote before anybody can mask it, and says with a `…` that it did.

    Examples
    --------
    >>> parts("=hunter2hun… and …er2hunter2", ["hunter2hunter2"])
    [(1, 11), (18, 28)]
    """
    found: list[tuple[int, int]] = []
    if not secrets or (_MARK_OF_CUT not in text and "..." not in text):
        return found
    for start, end, least in _cuts(text):
        for secret in secrets:
            if size := _begun_before(text, start, secret, least):
                found.append((start - size, start))
            if size := _ended_behind(text, end, secret, least):
                found.append((end, end + size))
    return found


def _cuts(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield where something was left out, and how many characters beside that say much of a secret."""
    at = text.find(_MARK_OF_CUT)
    while at >= 0:  # alone in its line, or within one
        start, end = at, at + 1
        yield start - (start > 0 and text[start - 1] == "\n"), end + text.startswith("\n", end), _LEAST_OF_CUT
        at = text.find(_MARK_OF_CUT, end)
    for match in _DOTS.finditer(text) if "..." in text else ():
        start, end = match.span()
        if start and text.startswith(_QUOTES, start - 1) and _MORE.match(text, end):
            start -= 1
        yield start, end, _LEAST_OF_DOTS


def _begun_before(text: str, at: int, secret: str, least: int) -> int:
    """Return how many characters before `at` are the beginning of a secret; 0 for fewer than `least`."""
    first = secret[:least]
    start = text.find(first, max(0, at - len(secret) + 1), at)
    while start >= 0:
        if secret.startswith(text[start:at]):
            return at - start
        start = text.find(first, start + 1, at)
    return 0


def _ended_behind(text: str, at: int, secret: str, least: int) -> int:
    """Return how many characters from `at` on are the end of a secret; 0 for fewer than `least`."""
    last = secret[-least:]
    start = text.rfind(last, at, at + len(secret) - 1)
    while start >= 0:
        if secret.endswith(text[at : start + least]):
            return start + least - at
        start = text.rfind(last, at, start + least - 1)
    return 0
