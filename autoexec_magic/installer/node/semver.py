"""Versions and ranges as npm understands them (Semantic Versioning 2.0.0, and npm's range grammar).

Only what a decision needs: which of two versions is newer, and whether one is
in a range. A range that is none (an address, a tag) is not satisfied by any.
"""

from __future__ import annotations

import operator
import re
from typing import TypeAlias

Parts: TypeAlias = tuple[int, int, int, tuple[tuple[int, int, str], ...]]

_VERSION = re.compile(r"v?(\d{1,15})\.(\d{1,15})\.(\d{1,15})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_PARTIAL = re.compile(
    r"(?P<op>[<>]=?|=|\^|~>?)?[=v]*(?P<major>\d{1,15}|[xX*])(?:\.(?P<minor>\d{1,15}|[xX*]))?"
    r"(?:\.(?P<patch>\d{1,15}|[xX*])(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)?"
)
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_FIRST = ((-1, 0, ""),)  # sorts before every pre-release, as `-0` does
_FINAL = ((2, 0, ""),)  # a release sorts after its pre-releases
_Comparators: TypeAlias = list[tuple[str, Parts]]


def parse(version: str) -> Parts | None:
    """Return a version as something that compares, or None where it is none."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return None
    major, minor, patch, pre = match.groups()
    return int(major), int(minor), int(patch), _prerelease(pre)


def is_prerelease(version: str) -> bool:
    """Whether `version` is one that comes before a release."""
    parts = parse(version)
    return parts is not None and parts[3] != _FINAL


def newest(versions: list[str]) -> str:
    """Return the newest of the versions that are versions, or "".

    Examples
    --------
    >>> newest(["1.9.0", "1.10.0", "1.10.0-rc.1", "later"])
    '1.10.0'
    """
    valid = [(parts, version) for version in versions if (parts := parse(version))]
    return max(valid)[1] if valid else ""


def satisfies(version: str, wanted: str) -> bool:
    """Return whether `version` is in the range `wanted`.

    Examples
    --------
    >>> satisfies("1.4.2", "^1.2.0"), satisfies("2.0.0", "^1.2.0"), satisfies("0.3.1", "^0.2.3")
    (True, False, False)
    >>> satisfies("1.2.9", "~1.2.3 || 3.x"), satisfies("2.0.0-rc.1", ">=1.0.0")
    (True, False)
    """
    parts = parse(version)
    if parts is None:
        return False
    for alternative in wanted.split("||"):
        comparators = _comparators(alternative)
        if comparators is not None and _holds(parts, comparators):
            return True
    return False


def is_range(text: str) -> bool:
    """Whether `text` is a version or a range, and no address, path or tag."""
    return all(_comparators(alternative) is not None for alternative in text.split("||"))


def _holds(parts: Parts, comparators: _Comparators) -> bool:
    if not all(_COMPARE[op](parts, bound) for op, bound in comparators):
        return False
    if parts[3] == _FINAL:
        return True
    # npm: a pre-release only satisfies a range that names a pre-release of the same version.
    return any(bound[:3] == parts[:3] and bound[3] not in (_FINAL, _FIRST) for _, bound in comparators)


def _comparators(text: str) -> _Comparators | None:
    """Return what all must hold for a range without `||`, or None where it is no range."""
    text = re.sub(r"([<>]=?|=|\^|~>?)\s+", r"\1", text.strip())
    hyphen = re.fullmatch(r"(\S+)\s+-\s+(\S+)", text)
    words = [f">={hyphen[1]}", f"<={hyphen[2]}"] if hyphen else text.split()
    found: _Comparators = []
    for word in words:
        match = _PARTIAL.fullmatch(word)
        if match is None:
            return None
        found += _bounds(match)
    return found


def _bounds(match: re.Match[str]) -> _Comparators:
    numbers = [int(part) for part in _given(match)]
    op = match["op"] or ""
    lowest = (*numbers, 0, 0, 0)[:3]
    low: Parts = (lowest[0], lowest[1], lowest[2], _prerelease(match["pre"]))
    if not numbers:
        return [("<", (0, 0, 0, _FIRST))] if op in ("<", ">") else []
    if op == "^":
        position = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
        return [(">=", low), ("<", _next(numbers, position))]
    if op in ("~", "~>"):
        return [(">=", low), ("<", _next(numbers, min(1, len(numbers) - 1)))]
    if len(numbers) == 3:
        return [(op or "=", low)]
    above = _next(numbers, len(numbers) - 1)
    open_ended: dict[str, _Comparators] = {
        ">": [(">=", above)],
        ">=": [(">=", low)],
        "<": [("<", (*low[:3], _FIRST))],
        "<=": [("<", above)],
    }
    return open_ended.get(op, [(">=", low), ("<", above)])


def _given(match: re.Match[str]) -> list[str]:
    """Return the numbers that are given, up to the first that is open."""
    given = []
    for name in ("major", "minor", "patch"):
        if match[name] is None or match[name] in "xX*":
            break
        given.append(match[name])
    return given


def _next(numbers: list[int], position: int) -> Parts:
    """Return the lowest version with a higher number at `position`."""
    upper = [*numbers[:position], numbers[position] + 1, 0, 0, 0][:3]
    return upper[0], upper[1], upper[2], _FIRST


def _prerelease(text: str | None) -> tuple[tuple[int, int, str], ...]:
    if not text:
        return _FINAL
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))
