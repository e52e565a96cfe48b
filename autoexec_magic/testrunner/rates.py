"""How often tests fail, from the runs that were recorded, and how sure that is.

A few runs say little: ten that passed leave room for a test that fails once in
four. So each rate comes with the interval in which it lies (Wilson's, which
holds for few runs and for rates at the ends, where the usual one does not).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from ..errors import UsageError
from .cases import Case

Z_95 = 1.959963984540054  #: the normal distribution's 97.5 % point: 95 % lie within, both sides cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often one test failed.

    Parameters
    ----------
    runs : int
        In which it got to its end; those in which it was skipped or did not run do not count.
    failures : int
        How many of these failed, at their last attempt.
    flaky : int
        How many passed, and not at the first attempt.
    changes : int
        How often it ended otherwise than in the run before: a test that broke
        once and stayed so changed once, a flaky one often.
    last_failure : str
        Which run failed last, as the caller names it; "" if none.
    low, high : float
        The failure rate lies between these, in 95 of 100 such cases; from 0 to 1.
    """

    runs: int
    failures: int
    flaky: int = 0
    changes: int = 0
    last_failure: str = ""
    low: float = 0.0
    high: float = 1.0

    @property
    def is_unsteady(self) -> bool:
        """Whether it failed and passed in turn, or within one run."""
        return self.flaky > 0 or self.changes > 1


def failure_bounds(failures: Sequence[int], runs: int, *, z: float = Z_95) -> list[tuple[float, float]]:
    """Return the interval in which the failure rate of each test lies.

    Parameters
    ----------
    failures : sequence of int, length n_tests
        How many runs of each test failed, from 0 to `runs`.
    runs : int
        Runs of each test, at least 1.
    z : float, default 1.96
        Half the width, in standard deviations, at least 0; 1.96 is 95 %.

    Returns
    -------
    list of (float, float), length n_tests
        Lowest and highest failure rate, from 0 to 1.

    Raises
    ------
    UsageError
        There was no run, more failures than runs, or `z` is negative.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and
    statistical inference. JASA 22(158), 209-212.

    Examples
    --------
    >>> [(round(low, 2), round(high, 2)) for low, high in failure_bounds([0, 1, 10], 10)]
    [(0.0, 0.28), (0.02, 0.4), (0.72, 1.0)]
    """
    if z < 0:
        raise UsageError(f"an interval cannot be {z} standard deviations wide", fix="give 0 or more")
    return [_wilson(count, runs, z) for count in failures]


def history(runs: Mapping[str, Iterable[Case]]) -> dict[str, Rate]:
    """Return how often each test failed.

    Parameters
    ----------
    runs : mapping of str to iterable of Case
        The cases of each run by what the run is called, the oldest first.

    Returns
    -------
    dict of str to Rate
        By `Case.key`, in the order in which they were first seen. A test that
        never got to its end is left out.
    """
    tallies: dict[str, _Tally] = {}
    for name, cases in runs.items():
        for key, case in _worst(cases).items():
            tallies.setdefault(key, _Tally()).add(case, name)
    return {key: tally.rate() for key, tally in tallies.items() if tally.runs}


def _worst(cases: Iterable[Case]) -> dict[str, Case]:
    """Return one case of each id: two tests of one run that share it are one here, and fail if one does."""
    found: dict[str, Case] = {}
    for case in cases:
        known = found.get(case.key)
        if known is None or (case.is_bad and not known.is_bad):
            found[case.key] = case
    return found


class _Tally:
    """Counts the runs of one test."""

    def __init__(self) -> None:
        self.runs = self.failures = self.flaky = self.changes = 0
        self.last_failure = ""
        self._was_bad: bool | None = None

    def add(self, case: Case, name: str) -> None:
        """Count one run, if the test got to its end in it."""
        if case.verdict in ("skipped", "not-run"):
            return
        self.runs += 1
        self.flaky += case.is_flaky
        self.changes += self._was_bad is not None and self._was_bad != case.is_bad
        self._was_bad = case.is_bad
        if case.is_bad:
            self.failures += 1
            self.last_failure = name

    def rate(self) -> Rate:
        """Return what was counted."""
        low, high = _wilson(self.failures, self.runs, Z_95)
        return Rate(
            runs=self.runs,
            failures=self.failures,
            flaky=self.flaky,
            changes=self.changes,
            last_failure=self.last_failure,
            low=low,
            high=high,
        )


def _wilson(failures: int, runs: int, z: float) -> tuple[float, float]:
    """Return where (p - failures/runs)² = z² p (1 - p) / runs: both roots are sure to be within 0 and 1."""
    if runs < 1 or not 0 <= failures <= runs:
        raise UsageError(
            f"there cannot be {failures} failures in {runs} runs", fix="give whole numbers of runs"
        )
    square = z * z
    centre = failures + square / 2
    spread = z * sqrt(failures * (runs - failures) / runs + square / 4)
    whole = runs + square
    low = 0.0 if failures == 0 else max(0.0, (centre - spread) / whole)
    high = 1.0 if failures == runs else min(1.0, (centre + spread) / whole)
    return low, high
