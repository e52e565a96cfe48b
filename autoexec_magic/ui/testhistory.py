"""How long tests take and how they ended of late, drawn with letters and blocks: what any front end shows."""

from __future__ import annotations

from collections.abc import Mapping

from ..testrunner import Past, failure_bounds
from ..testrunner.past import Remembered

MOST = 20  #: tests in each plot
_BLOCKS = " ▏▎▍▌▋▊▉█"
_WIDTH = 30  # of the longest bar, in characters
_SIGNS: Mapping[str, str] = {"p": "·", "f": "F", "e": "E", "s": "s", "x": "x", "X": "X", "r": "R"}


def lines(past: Past) -> list[str]:
    """Return the slowest tests with a bar each, and those that failed with a sign for each last end."""
    if not past.tests:
        return ["nothing is remembered of tests here: %autoexec test"]
    return [*_slowest(past), "", *_unsteady(past)]


def bar(share: float) -> str:
    """Return a bar of `share`, 0 to 1, of the longest.

    Examples
    --------
    >>> bar(1.0) == "█" * 30, bar(0.0), bar(0.05)
    (True, '', '█▌')
    """
    eighths = round(8 * _WIDTH * max(0.0, min(1.0, share)))
    return "█" * (eighths // 8) + (_BLOCKS[eighths % 8].strip() if eighths % 8 else "")


def _slowest(past: Past) -> list[str]:
    tests = sorted(past.tests.items(), key=lambda item: -item[1].seconds)[:MOST]
    longest, whole = tests[0][1].seconds or 1.0, sum(test.seconds for test in past.tests.values())
    head = f"slowest of {len(past.tests):,} tests, {whole:.2f} s in all"
    rows = (
        f"{test.seconds:8.3f} s {bar(test.seconds / longest):{_WIDTH}} {nodeid}" for nodeid, test in tests
    )
    return [head, *(f"  {row}" for row in rows)]


def _unsteady(past: Past) -> list[str]:
    found = [(nodeid, test) for nodeid, test in past.tests.items() if test.failures]
    if not found:
        return [f"none of {len(past.tests):,} tests failed of late"]
    found.sort(key=lambda item: -item[1].failures / item[1].runs)
    many = f", {len(found) - MOST:,} more are not shown" if len(found) > MOST else ""
    head = f"{len(found):,} failed of late (oldest end first; rate with its 95 % interval){many}"
    return [head, *(f"  {_rate(test)}  {_strip(test)}  {nodeid}" for nodeid, test in found[:MOST])]


def _rate(test: Remembered) -> str:
    low, high = failure_bounds([test.failures], test.runs)[0]
    return f"{test.failures / test.runs:4.0%} ({low:3.0%} to {high:4.0%})"


def _strip(test: Remembered) -> str:
    return "".join(_SIGNS.get(letter, "?") for letter in test.ends)
