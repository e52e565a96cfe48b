"""All failures of a log, each with the bytes it explains.

The log is taken apart into what each source wrote; Python's tracebacks are
read by Python's reader, each chain by itself, everything else by the readers
of `failures`. What is the same failure again is counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from autoexec_magic.values import Diagnosis

from . import failures, python
from .around import NOTHING, Around
from .plain import Plain, lines, make_plain
from .spots import Seen
from .strands import Strand, strands

MOST = 1000  #: different failures of one log that are told
_HEADER = "Traceback (most recent call last)"
_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
_LONGEST_HEAD = 400  # characters between two tracebacks of one chain
_AFTER = 4_000  # characters of an exception's message that are read
_NEAR = 20_000  # characters within which an echo is of the failure before it
_CLOSE = 6_000  # characters within which an echo is of the failure behind it
_FRAME = '  File "'


class _Told(NamedTuple):
    """A failure of a strand; `start` and `end` are places in it."""

    diagnosis: Diagnosis
    start: int
    end: int
    is_echo: bool = False


def diagnose_log(text: str, *, language: str = "", around: Around = NOTHING) -> tuple[Diagnosis, ...]:
    r"""Return every failure that a log shows, in the order of their places.

    Parameters
    ----------
    text : str
        A log from anywhere: coloured, cut at either end, with times, names of
        containers or levels of a CI before its lines, of several programs.
    language : str, optional
        What wrote it, as for `diagnose_outcome`; by default each failure tells
        by its form.
    around : Around, optional
        What is known beside it.

    Returns
    -------
    tuple of Diagnosis
        Empty where nothing went wrong as far as anybody can tell. `bytes` of
        each is the half-open range of `text` in UTF-8. One that was seen again
        stands at its first place; its evidence says how often. At most `MOST`.

    Examples
    --------
    >>> [each.code for each in diagnose_log("ok\ncurl: (6) Could not resolve host: a.example\n")]
    ['host-not-found']
    """
    plain = make_plain(text)
    found: list[tuple[int, int, Diagnosis, bool]] = []
    log = plain.text.replace("\r\n", " \n") if "\r\n" in plain.text else plain.text
    marked = failures.candidates_of(log)
    if not marked and _HEADER not in log and _FRAME not in log:
        return ()
    for strand in strands(log, marked):
        for told in _of_strand(strand, language):
            start, end = strand.place(told.start), strand.place(max(told.start, told.end - 1)) + 1
            found.append((start, end, told.diagnosis, told.is_echo))
    found.sort(key=lambda each: each[:2])
    return tuple(_with_bytes(plain, _counted(_without_echoes(found))[:MOST]))


def _of_strand(strand: Strand, language: str) -> Iterator[_Told]:
    """Yield the failures of one source, in order; where readers overlap, the surer one."""
    text = strand.text
    told = [*_tracebacks(text, language)]
    told += [_of_seen(each) for each in failures.find(text, strand.marked, also_shell=True)]
    told.sort(key=lambda each: (each.start, each.end))
    kept: list[_Told] = []
    for each in told:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif _is_more(each, kept[-1]):
            kept[-1] = each
    yield from kept


def _is_more(told: _Told, other: _Told) -> bool:
    """Whether a failure says more than one that it overlaps: it is surer, or much longer."""
    if _rank(told) != _rank(other):
        return _rank(told) > _rank(other)
    return told.end - told.start > 4 * (other.end - other.start)


def _rank(told: _Told) -> int:
    return ("unknown", "likely", "certain").index(told.diagnosis.confidence) - 2 * told.is_echo


def _of_seen(seen: Seen) -> _Told:
    reading = seen.reading()
    return _Told(reading.diagnosis, reading.start, reading.end, seen.is_echo)


def _tracebacks(text: str, language: str) -> Iterator[_Told]:
    """Yield each chain of Python's tracebacks, and what is left of one whose header was cut off."""
    headers: list[int] = []
    at = text.find(_HEADER)
    while at >= 0:
        headers.append(text.rfind("\n", 0, at) + 1)
        end = text.find("\n", at)
        at = text.find(_HEADER, end) if end >= 0 else -1
    if not headers or _is_cut(text, headers[0]):
        yield from _headless(text, headers[0] if headers else len(text), language)
    opening = 0
    for number, header in enumerate(headers):
        following = headers[number + 1] if number + 1 < len(headers) else len(text)
        if number + 1 < len(headers) and _is_chained(text, header, following):
            continue
        start = headers[opening]
        opening = number + 1
        stop = min(following, _end_of(text, header, following))
        if reading := python.read(text[start:stop]):
            yield _Told(reading.diagnosis, start + reading.start, start + reading.end)


def _is_chained(text: str, header: int, following: int) -> bool:
    """Whether the traceback that begins at `following` goes on with the one before it."""
    between = text[max(header, following - _LONGEST_HEAD) : following]
    if any(words in between for words in _CHAINED):
        return True
    line = text[following : text.find("\n", following)]
    return "| " in line.partition(_HEADER)[0] and "Exception Group" in text[header : header + 200]


def _end_of(text: str, header: int, stop: int) -> int:
    """Return where a traceback can end at the latest: some lines behind its last frame."""
    last = text.rfind(_FRAME, header, stop)
    last = text.rfind("File ", header, stop) if last < 0 else last
    return min(stop, max(last, header) + _AFTER)


def _is_cut(text: str, header: int) -> bool:
    return _FRAME in text[:header] or "Error: " in text[:header]


def _headless(text: str, stop: int, language: str) -> Iterator[_Told]:
    """Yield what is left of Python's failures without a header: a syntax error, a log that was cut."""
    at = text.find(_FRAME, 0, stop)
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        end, last = _headless_end(text, start, stop)
        reading = python.read(text[start:end]) if end > start else None
        if (reading and reading.start == 0) or (reading and reading.diagnosis.where):
            yield _Told(reading.diagnosis, start + reading.start, start + reading.end)
        at = text.find(_FRAME, max(last, at + 1), stop)


def _headless_end(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return the end of the first line below indented ones, and where the next search begins."""
    for count, (line_start, line_end) in enumerate(lines(text, start, stop)):
        if count > 400:
            return start, line_end
        if line_end > line_start and text[line_start] not in " \t":
            return line_end, line_end
    return stop, stop


def _without_echoes(found: list[tuple[int, int, Diagnosis, bool]]) -> list[tuple[int, int, Diagnosis]]:
    """Leave out what only repeats that something failed, where what failed is told."""
    kept: list[tuple[int, int, Diagnosis]] = []
    explained = -_NEAR  # where the last failure stands that is no echo, or an echo of it
    places = [start for start, _, _, is_echo in found if not is_echo]
    for start, end, diagnosis, is_echo in found:
        following = bisect_right(places, end)
        is_told_below = following < len(places) and places[following] - end < _CLOSE
        if not is_echo:
            explained = end
        elif start - explained < _NEAR or is_told_below:
            explained = max(explained, end) if start - explained < _NEAR else explained
            continue
        kept.append((start, end, diagnosis))
    return kept


def _counted(found: list[tuple[int, int, Diagnosis]]) -> list[tuple[int, int, Diagnosis]]:
    """Return each failure once, with how often it was seen."""
    first: dict[tuple[str, str, str], int] = {}
    times: list[int] = []
    kept: list[tuple[int, int, Diagnosis]] = []
    for start, end, diagnosis in found:
        key = (diagnosis.code, diagnosis.why, diagnosis.where)
        if key in first:
            times[first[key]] += 1
            continue
        first[key] = len(kept)
        times.append(1)
        kept.append((start, end, diagnosis))
    return [
        (start, end, replace(each, evidence=(*each.evidence, f"seen {count} times")) if count > 1 else each)
        for (start, end, each), count in zip(kept, times, strict=True)
    ]


def _with_bytes(plain: Plain, found: list[tuple[int, int, Diagnosis]]) -> Iterator[Diagnosis]:
    """Yield each diagnosis with its bytes; each part of the text is measured once."""
    at = before = 0
    is_ascii = plain.original.isascii()
    for start, end, diagnosis in found:
        first, last = plain.characters(start, end)
        if is_ascii:
            yield replace(diagnosis, bytes=(first, last))
            continue
        before += (
            len(plain.original[at:first].encode("utf-8", "surrogatepass"))
            if first >= at
            else -len(plain.original[first:at].encode("utf-8", "surrogatepass"))
        )
        at = first
        size = len(plain.original[first:last].encode("utf-8", "surrogatepass"))
        yield replace(diagnosis, bytes=(before, before + size))
