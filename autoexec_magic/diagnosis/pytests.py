"""What pytest shows of a test that failed: its own form of a traceback, with an E before the error.

The error itself is read by Python's reader, as if Python had shown it.
"""

from __future__ import annotations

from autoexec_magic.values import Confidence

from . import python
from .spots import Family, Seen, Spot, seen

_ERROR = "E   "
_LINES = 25  # of the error's text
_FRAMES = 30  # lines above in which its place may stand
_EXITS = (1, 2)
_AFTER = 4  # lines below in which its place may stand


def read(spot: Spot) -> Seen | None:
    """Explain the first of the lines that pytest marks with an E."""
    if not spot.line.startswith(_ERROR):
        return None
    before = next(iter(spot.above(1)), None)
    if before is not None and (before.line == "E" or before.line.startswith("E ")):
        return None
    said, last = _said(spot)
    kind, message = _named(said[0])
    place, end = _place_below(last)
    place = place or _place_above(spot)
    if kind and not place and _is_pytests(spot):
        return _placeless(spot, kind, message, last)
    if not place or not kind:
        return None
    file, _, number = place.rpartition(":")
    shown = f'Traceback (most recent call last):\n  File "{file}", line {number}, in test\n'
    shown += f"    {_source(spot)}\n{kind}: {message}\n"
    reading = python.read(shown)
    if reading is None:
        return None
    told = reading.diagnosis
    evidence = tuple(line for line in said[1:] if line)[:3]
    return seen(spot, told.code, told.why, told.fix, where=place, last=end, confidence=told.confidence,
                exits=_EXITS, evidence=evidence)  # fmt: skip


def _is_pytests(spot: Spot) -> bool:
    """Whether the line that pytest marks as the one that failed stands above: `>       assert a == b`."""
    return any(each.line.startswith(">  ") for each in spot.above(4))


def _placeless(spot: Spot, kind: str, message: str, last: Spot) -> Seen | None:
    """Explain an error below which the log is cut, so that its place is not told."""
    reading = python.read(f"{kind}: {message}")
    if reading is None:
        return None
    told = reading.diagnosis
    sure: Confidence = "unknown" if told.confidence == "unknown" else "likely"
    return seen(spot, told.code, told.why, told.fix, last=last, confidence=sure, exits=_EXITS)


def read_summary(spot: Spot) -> Seen | None:
    """Explain a line of pytest's short summary; it repeats what is shown above, if that is shown."""
    line = spot.line
    word, _, rest = line.partition(" ")
    nodeid, _, said = rest.partition(" - ")
    file = nodeid.partition("::")[0]
    if word not in ("FAILED", "ERROR") or not file.endswith(".py") or " " in file:
        return None
    kind, message = _named(said)
    reading = python.read(f"{kind}: {message}") if kind else None
    code = reading.diagnosis.code if reading and reading.diagnosis.code != "error" else "test-failed"
    fix = reading.diagnosis.fix if reading and code != "test-failed" else "run that test alone to see why"
    why = f"{nodeid}: {said}" if said else nodeid
    return seen(spot, code, why, fix, confidence="likely", exits=_EXITS, is_echo=True)


def _said(spot: Spot) -> tuple[list[str], Spot]:
    """Return the error's lines, without their marks, and the last of them."""
    said, last = [spot.line[1:].strip()], spot
    for each in spot.below(_LINES):
        if not (each.line == "E" or each.line.startswith("E ")):
            break
        said.append(each.line[1:].strip())
        last = each
    return said, last


def _named(words: str) -> tuple[str, str]:
    """Split `KeyError: 'a'` or `assert 1 == 2` into a type and a message; no type where it is none.

    >>> _named("assert 1 == 2"), _named("KeyError: 'a'"), _named("Failed: DID NOT RAISE <x>"), _named("so")
    (('AssertionError', 'assert 1 == 2'), ('KeyError', "'a'"), ('Failed', 'DID NOT RAISE <x>'), ('', ''))
    """
    if words.startswith("assert "):
        return "AssertionError", words
    kind, found, message = words.partition(": ")
    is_named = kind.replace(".", "").isidentifier() and kind[:1] != "_"
    last = kind.rpartition(".")[2]
    if (
        is_named
        and (found or last.endswith(("Error", "Exception", "Exit", "Interrupt")))
        and last[:1].isupper()
    ):
        return kind, message
    return "", ""


def _place_below(last: Spot) -> tuple[str, Spot]:
    """Return `file:line` of the line `a.py:3: KeyError` below the error, and that line."""
    for each in last.below(_AFTER):
        file, _, rest = each.line.partition(".py:")
        number, found, kind = rest.partition(": ")
        if found and number.isdecimal() and " " not in file and kind.replace(".", "").isidentifier():
            return f"{file}.py:{number}", each
    return "", last


def _place_above(spot: Spot) -> str:
    """Return `file:line` of the nearest line `a.py:3: in test` above, which is the short form."""
    for each in spot.above(_FRAMES):
        file, _, rest = each.line.partition(".py:")
        number, found, _ = rest.partition(": in ")
        if found and number.isdecimal() and " " not in file:
            return f"{file}.py:{number}"
    return ""


def _source(spot: Spot) -> str:
    """Return the line of code that pytest points to, or ""."""
    for each in spot.above(4):
        if each.line.startswith((">  ", "    ")) and each.line.strip("^~ "):
            return each.line.lstrip("> ")
    return ""


FAMILIES: tuple[Family, ...] = (
    ((_ERROR,), read),
    (("FAILED ", "ERROR "), read_summary),
)
