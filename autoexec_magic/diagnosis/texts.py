"""What a traceback or a log says went wrong: which reader is asked first, and what is said if none knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from autoexec_magic.values import Diagnosis

from . import failures, logs, python, shell
from .around import NOTHING, Around
from .plain import Reading, compose, last_line, make_plain, one_line
from .several import Role, Told, at_most_likely, deciding, is_alone
from .strands import Strand, named, strands, structured
from .sureness import WRAPPERS

_Reader: TypeAlias = Callable[[str, int | None, Around], Reading | None]
_SHELL_FIRST: tuple[_Reader, ...] = (shell.read, failures.read, python.read)
_READERS: MappingProxyType[str, tuple[_Reader, ...]] = MappingProxyType(
    {
        "python": (python.read, failures.read, shell.read),
        "bash": _SHELL_FIRST,
        "sh": _SHELL_FIRST,
        "shell": _SHELL_FIRST,
    }
)
_OTHER: tuple[_Reader, ...] = (failures.read, shell.read)  # every program can be missing, or be killed
_RANKS = {"certain": 2, "likely": 1, "unknown": 0}
_BARE = ("aborted",)  # how it ended, and never why
_AROUND = 16_000  # characters before and behind a failure in which others are looked for
_FEW = 200  # characters behind a failure that cannot hold another one worth looking for


def diagnose_text(text: str, *, language: str = "python", around: Around = NOTHING) -> Diagnosis:
    """Return what a traceback or a log says went wrong.

    Parameters
    ----------
    text : str
        Any text, with or without colours. The failure nearest its end counts;
        of a chain of direct causes, the first.
    language : str, default "python"
        What wrote it, as for `diagnose_outcome`.
    around : Around, optional
        What is known beside it.

    Returns
    -------
    Diagnosis
        `bytes` is the explained range of the text in UTF-8. A text that
        nothing is known of has code "error" and its last line as `why`.

    Examples
    --------
    >>> diagnose_text("NameError: name 'totl' is not defined").code
    'name-not-defined'
    """
    plain = make_plain(text)
    found = read(plain.text, language, None, around)
    if found is None:
        start, end = last_line(plain.text)
        if start == end:
            return compose("error", "the text is empty", "give the output of what failed", "unknown")
        unknown = compose("error", plain.text[start:end], "read the lines above that message", "unknown")
        found = Reading(unknown, start, end)
    return replace(found.diagnosis, bytes=plain.byte_range(found.start, found.end))


def read(plain: str, language: str, returncode: int | None, around: Around = NOTHING) -> Reading | None:
    """Return what explains the end of `plain`, a text without escape sequences, or None.

    The surest reading counts, and of those that are as sure the one nearest
    the end; where nothing is known of it as it stands, each source of a log by
    itself is read, without what others put before its lines. Where two explain
    the same words, the reader that comes first counts, and where one explains
    a part of what that one has read, too.
    """
    best = _read(plain, language, returncode, around)
    if best is not None and best.diagnosis.confidence != "unknown":
        return _among_others(plain, best, language)
    for strand in _sources(plain) if "\n" in plain else ():
        found = _read(strand.text, language, returncode, around) if strand.text != plain else None
        if found is None or found.diagnosis.confidence == "unknown":
            continue
        start, end = strand.place(found.start), strand.place(max(found.start, found.end - 1)) + 1
        found = found._replace(start=start, end=end)
        best = found if best is None or _is_better(found, best) else best
    return best


def _sources(plain: str) -> list[Strand]:
    """Return what each source of a text wrote, without what stands before its lines."""
    return [*strands(plain, {}), *(each for each in (named(plain), structured(plain)) if each)]


def _among_others(plain: str, best: Reading, language: str) -> Reading:
    """Return what decides of `best` and the failures around it; among several kinds none is certain."""
    start = plain.rfind("\n", 0, max(0, best.start - _AROUND)) + 1 if best.start > _AROUND else 0
    stop = best.end + _AROUND
    if not plain[start : best.start].strip() and not plain[best.end : stop].strip():
        return best
    found = logs.told_in(plain[start:stop], language)
    first, last = best.start - start, best.end - start
    own = next((each for each in found if each.start < last and first < each.end), None)
    told = [each for each in found if each.start >= last or each.end <= first]
    role: Role = own.role if own else ""
    shown = Told(best.diagnosis, first, last, cascades=bool(own and own.cascades), role=role)
    told = sorted([*told, shown], key=lambda each: (each.start, each.end))
    if is_alone(told):
        return best
    chosen = deciding(told, shown)
    return Reading(at_most_likely(chosen.diagnosis), chosen.start + start, chosen.end + start)


def _read(plain: str, language: str, returncode: int | None, around: Around) -> Reading | None:
    """Return what explains the end of a text of one source."""
    best: Reading | None = None
    for reader in _READERS.get(language, _OTHER):
        found = reader(plain, returncode, around)
        if found is None:
            continue
        if best is None or _is_better(found, best) or _says_why(found, best):
            best = found
        is_call = found.diagnosis.code == "command-failed" and language == "python"
        if is_call and len(plain) - found.end <= _FEW:
            return _of_command(plain, found, around) or found
        if best.diagnosis.code in _BARE:
            continue
        is_last = len(plain) - best.end <= _FEW
        if is_last and (best.diagnosis.confidence == "certain" or _is_traceback(plain, best)):
            break
    return best


def _is_traceback(plain: str, said: Reading) -> bool:
    """Whether what is explained is all of a traceback of Python's, and the reason in it is known."""
    is_known = said.diagnosis.confidence != "unknown" and said.diagnosis.code not in WRAPPERS
    return is_known and plain.startswith("Traceback (most recent call last):\n", said.start)


def _of_command(plain: str, ended: Reading, around: Around) -> Reading | None:
    """Return what the command itself said of its failure, above the exception that it became."""
    said = read(plain[: ended.start], "python", None, around)
    if said is None or said.diagnosis.confidence == "unknown":
        return None
    found, outer = said.diagnosis, ended.diagnosis
    is_next = not plain[said.end : ended.start].strip()
    return Reading(
        replace(
            found,
            confidence=found.confidence if is_next else "likely",
            where=found.where or outer.where,
            frame=found.frame or outer.frame,
            evidence=(*found.evidence, f"it ended as {one_line(outer.why)}"),
        ),
        said.start,
        said.end,
    )


def _says_why(found: Reading, best: Reading) -> bool:
    """Whether what a program wrote before it gave up explains why it did."""
    is_sure = found.diagnosis.confidence == "certain"
    return is_sure and best.diagnosis.code in _BARE and found.diagnosis.code not in _BARE


def _is_better(found: Reading, best: Reading) -> bool:
    wraps, is_wrapped = (each.diagnosis.code in WRAPPERS for each in (found, best))
    if wraps != is_wrapped and "unknown" not in (found.diagnosis.confidence, best.diagnosis.confidence):
        first, last = (best, found) if wraps else (found, best)
        if first.end <= last.start:  # what was said first is why the other one failed
            return is_wrapped
    is_inside = best.start <= found.start and found.end <= best.end
    is_part = is_inside and found.end - found.start < best.end - best.start
    if is_part and best.diagnosis.confidence != "unknown":
        return False
    rank, other = (_RANKS[each.diagnosis.confidence] for each in (found, best))
    if rank != other:
        return rank > other
    if found.start <= best.start and best.end <= found.end and not is_inside:
        return True  # it has read what the other one has, and more
    knows_place = bool(found.diagnosis.where) and not best.diagnosis.where
    return found.start >= best.end or (rank == 0 and knows_place)
