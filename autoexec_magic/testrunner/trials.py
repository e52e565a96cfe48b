"""Runs of tests in chosen company, and how one of them ended in each.

No more runs are made than are allowed. One of all tests tells of each of them,
so it is made once, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .cases import CaseVerdict

SEED = 20_240_229  #: any number, so long as it is always the same


class Run(Protocol):
    """Runs tests in one fresh process, in the order given."""

    def __call__(self, nodeids: Sequence[str], *, seed: int | None) -> Mapping[str, CaseVerdict]:
        """Return how each ended; with `seed` every source of chance that can be is set to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run, and how the test ended in it.

    `before` are the tests that ran before it, in order; `verdict` is "not-run"
    where the run did not get to it.
    """

    before: tuple[str, ...]
    seed: int | None
    verdict: CaseVerdict

    @property
    def has_failed(self) -> bool:
        """Whether the test failed in it."""
        return self.verdict in ("failed", "error")

    @property
    def has_passed(self) -> bool:
        """Whether the test ran to its end, and did not fail."""
        return self.verdict not in ("failed", "error", "skipped", "not-run")


class Spent(Exception):
    """There are no runs left."""


class Bench:
    """Makes runs, and keeps what they showed: a run of all tests tells of each of them."""

    def __init__(
        self, run: Run, order: Sequence[str], most_runs: int, on_run: Callable[[int], object]
    ) -> None:
        self._run, self._most, self._on_run = run, most_runs, on_run
        self._whole: dict[bool, Mapping[str, CaseVerdict]] = {}
        self.order = tuple(dict.fromkeys(order))
        self.count = 0
        self.known: list[tuple[str, ...]] = []  #: what mattered to tests before: it often matters to the next

    def whole(self, nodeid: str, *, is_reverse: bool) -> Trial:
        """Return how a test ends among all others; the run is made once for all tests."""
        order = self.order[::-1] if is_reverse else self.order
        verdicts = self._whole.get(is_reverse)
        if verdicts is None:
            verdicts = self._whole[is_reverse] = self._verdicts(order, SEED)
        at = order.index(nodeid)
        return Trial(before=order[:at], seed=SEED, verdict=verdicts.get(nodeid, "not-run"))

    def after(self, before: Sequence[str], nodeid: str, *, seed: int | None = SEED) -> Trial:
        """Run a test after others."""
        verdict = self._verdicts((*before, nodeid), seed).get(nodeid, "not-run")
        return Trial(before=tuple(before), seed=seed, verdict=verdict)

    def remember(self, names: tuple[str, ...]) -> None:
        """Keep what mattered to a test."""
        if names not in self.known:
            self.known.append(names)

    def _verdicts(self, nodeids: Sequence[str], seed: int | None) -> Mapping[str, CaseVerdict]:
        if self.count >= self._most:
            raise Spent
        self.count += 1
        self._on_run(self.count)
        return self._run(nodeids, seed=seed)
