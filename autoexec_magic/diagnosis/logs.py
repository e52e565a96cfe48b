"""All failures of a log, each with the bytes it explains.

The log is taken apart into what each source wrote; Python's tracebacks are
read by Python's reader, each chain by itself, everything else by the readers
of `failures`. What is the same failure again is counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from autoexec_magic.values import Diagnosis

from . import failures, python
from .around import NOTHING, Around
from .cellmap import in_cells
from .plain import Plain, Reading, lines, make_plain
from .several import Told, at_most_likely, deciding, is_alone, role_of
from .spots import Seen
from .strands import Strand, strands, structured

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
# What differs from one time to the next: how long it took, an address of memory, a process id.
_VARIES = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|seconds|milliseconds)\b|\b0x[0-9a-f]+|\(\d+\)|==\d+==")
_WITH_PYTHON = ("", "python", "bash", "sh", "shell")  # what may run Python
_FRAMES = ('  File "', "Cell In[")
_LINES = (": can't open file ", ": No module named ", "SystemExit: ")  # what Python says in one line


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
    found = _with_bytes(plain, _counted(_of_log(plain.text, language))[:MOST])
    return tuple(in_cells(each, around.apps) for each in found)


def deciding_in_log(text: str, *, language: str = "") -> Diagnosis | None:
    r"""Return the failure of a log that decides, or None where nothing went wrong.

    Parameters
    ----------
    text, language
        As for `diagnose_log`.

    Returns
    -------
    Diagnosis or None
        The last failure, unless `several` knows better; where there are others
        of another kind, it is `likely` at most.

    Examples
    --------
    >>> found = deciding_in_log("curl: (6) Could not resolve host: a.example\nls: cannot access 'b'\n")
    >>> found.code, found.confidence
    ('host-not-found', 'certain')
    """
    plain = make_plain(text)
    found = _of_log(plain.text, language)
    if not found:
        return None
    chosen = deciding(found, found[-1])
    said = next(_with_bytes(plain, [chosen]))
    return said if is_alone(found) else at_most_likely(said)


def _of_log(plain: str, language: str) -> list[Told]:
    """Return the failures of a log in the order of their places, without echoes."""
    log = plain.replace("\r\n", " \n") if "\r\n" in plain else plain
    marked = failures.candidates_of(log)
    if not marked and _HEADER not in log and not any(mark in log for mark in (*_FRAMES, *_LINES)):
        return []
    found: list[Told] = []
    for strand in _sources(log, marked):
        for told in _of_strand(strand, language):
            start, end = strand.place(told.start), strand.place(max(told.start, told.end - 1)) + 1
            found.append(told._replace(start=start, end=end))
    found.sort(key=lambda each: (each.start, each.end))
    return _without_echoes(found)


def _sources(log: str, marked: dict[int, set[int]]) -> list[Strand]:
    """Return what each source wrote, and what the records of a log of JSON hold."""
    found = strands(log, marked)
    if unfolded := structured(log):
        unfolded.marked = failures.candidates_of(unfolded.text)
        found.append(unfolded)
    return found


def told_in(text: str, language: str) -> list[Told]:
    """Return the failures of a short text of one source, in order, without echoes."""
    strand = Strand(text=text, marked=failures.candidates_of(text))
    return _without_echoes(list(_of_strand(strand, language)))


def _of_strand(strand: Strand, language: str) -> Iterator[Told]:
    """Yield the failures of one source, in order; where readers overlap, the surer one."""
    text = strand.text
    told = [*_tracebacks(text)] if language in _WITH_PYTHON else []
    told += [_of_seen(text, each) for each in failures.find(text, strand.marked, also_shell=True)]
    told.sort(key=lambda each: (each.start, each.end))
    kept: list[Told] = []
    for each in told:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif _is_more(each, kept[-1]):
            kept[-1] = each
    yield from kept


def _is_more(told: Told, other: Told) -> bool:
    """Whether a failure says more than one that it overlaps: it is surer, or much longer."""
    if _rank(told) != _rank(other):
        return _rank(told) > _rank(other)
    return told.end - told.start > 4 * (other.end - other.start)


def _rank(told: Told) -> int:
    return ("unknown", "likely", "certain").index(told.diagnosis.confidence) - 2 * told.is_echo


def _of_seen(text: str, seen: Seen) -> Told:
    reading = seen.reading()
    return Told(
        reading.diagnosis,
        reading.start,
        reading.end,
        seen.is_echo,
        seen.cascades,
        role_of(text, reading.start),
    )


def _tracebacks(text: str) -> Iterator[Told]:
    """Yield each chain of Python's tracebacks, and what has no header: a syntax error, what was cut."""
    headers = _headers(text)
    opening = ended = 0
    for number, header in enumerate(headers):
        is_last = number + 1 == len(headers)
        following = len(text) if is_last else headers[number + 1]
        if not is_last and _is_chained(text, header, following):
            continue
        start = headers[opening]
        opening = number + 1
        yield from _headless(text, ended, start)
        stop = _end_of(text, header, following)
        reading, ended = _read(text, start, stop), start
        if reading:
            yield Told(
                reading.diagnosis,
                start + reading.start,
                start + reading.end,
                role=role_of(text, start),
            )
            ended = start + reading.end
        if header > start and (wrapper := _read(text, header, stop)):
            ended = max(ended, header + wrapper.end)
    yield from _headless(text, ended, len(text))


def _headers(text: str) -> list[int]:
    """Return where the lines begin that open a traceback."""
    found: list[int] = []
    at = text.find(_HEADER)
    while at >= 0:
        found.append(text.rfind("\n", 0, at) + 1)
        end = text.find("\n", at)
        at = text.find(_HEADER, end) if end >= 0 else -1
    return found


def _read(text: str, start: int, stop: int) -> Reading | None:
    """Return what Python's reader says of the traceback that begins at `start`.

    It prefers a syntax error that stands behind it, which is another failure.
    """
    reading = python.read(text[start:stop])
    if reading and reading.start and _HEADER not in text[start + reading.start : start + reading.end]:
        before = python.read(text[start : start + reading.start])
        return before or reading
    return reading


def _is_chained(text: str, header: int, following: int) -> bool:
    """Whether the traceback that begins at `following` goes on with the one before it."""
    between = text[max(header, following - _LONGEST_HEAD) : following]
    if any(words in between for words in _CHAINED):
        return True
    line = text[following : text.find("\n", following)]
    return "| " in line.partition(_HEADER)[0] and "Exception Group" in text[header : header + 200]


def _end_of(text: str, header: int, stop: int) -> int:
    """Return where a traceback can end at the latest: some lines behind its last frame."""
    last = text.rfind(_FRAMES[0], header, stop)
    last = text.rfind("File ", header, stop) if last < 0 else last
    return min(stop, max(last, header) + _AFTER)


def _headless(text: str, start: int, stop: int) -> Iterator[Told]:
    """Yield what Python says without a header between two places: frames and the exception, or one line."""
    for mark in _FRAMES:
        at = text.find(mark, start, stop)
        while at >= 0:
            opening = max(start, text.rfind("\n", 0, at) + 1)
            end, last = _headless_end(text, opening, stop)
            reading = python.read(text[opening:end]) if end > opening else None
            if reading and (reading.start == 0 or reading.diagnosis.where):
                yield Told(reading.diagnosis, opening + reading.start, opening + reading.end)
            at = text.find(mark, max(last, at + 1), stop)
    for mark in _LINES:
        at = text.find(mark, start, stop)
        while at >= 0:
            opening = max(start, text.rfind("\n", 0, at) + 1)
            end = text.find("\n", at, stop)
            end = stop if end < 0 else end
            is_short = end - opening < _AFTER
            if is_short and (reading := python.read(text[opening:end])):
                yield Told(reading.diagnosis, opening + reading.start, opening + reading.end)
            at = text.find(mark, end, stop)


def _headless_end(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return the end of the first line below indented ones, and where the next search begins."""
    for count, (line_start, line_end) in enumerate(lines(text, start, stop)):
        if count > 400:
            return start, line_end
        is_inner = text[line_start : line_start + 1] in ("", " ", "\t", "\n", "-", "\r") or not count
        if not is_inner and line_end > line_start:
            return line_end, line_end
    return stop, stop


def _without_echoes(found: list[Told]) -> list[Told]:
    """Leave out what only repeats that something failed, where what failed is told."""
    kept: list[Told] = []
    explained = -_NEAR  # where the last failure stands that is no echo, or an echo of it
    places = [each.start for each in found if not each.is_echo]
    for each in found:
        following = bisect_right(places, each.end)
        is_told_below = following < len(places) and places[following] - each.end < _CLOSE
        if not each.is_echo:
            explained = each.end
        elif each.start - explained < _NEAR or is_told_below:
            explained = max(explained, each.end) if each.start - explained < _NEAR else explained
            continue
        kept.append(each)
    return kept


def _counted(found: list[Told]) -> list[Told]:
    """Return each failure once, with how often it was seen."""
    first: dict[tuple[str, str, str], int] = {}
    times: list[int] = []
    kept: list[Told] = []
    for each in found:
        said = each.diagnosis
        key = (said.code, _VARIES.sub("", said.why), said.where)
        if key in first:
            times[first[key]] += 1
            continue
        first[key] = len(kept)
        times.append(1)
        kept.append(each)
    return [
        each._replace(
            diagnosis=replace(each.diagnosis, evidence=(*each.diagnosis.evidence, f"seen {count} times"))
        )
        if count > 1
        else each
        for each, count in zip(kept, times, strict=True)
    ]


def _with_bytes(plain: Plain, found: list[Told]) -> Iterator[Diagnosis]:
    """Yield each diagnosis with its bytes; each part of the text is measured once."""
    at = before = 0
    is_ascii = plain.original.isascii()
    for each in found:
        diagnosis = each.diagnosis
        first, last = plain.characters(each.start, each.end)
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
