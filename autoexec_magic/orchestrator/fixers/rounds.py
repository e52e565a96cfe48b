"""When to stop fixing: pure, but for a clock that is handed in.

A loop that tries again costs its owner time and money, and it ends for one of
four reasons, whichever comes first: nothing fails any more; the same failure
came back (`diagnosis.signature`), also after another one in between; a fix
left everything as it was, or as it had been before; the budget is used up. The
last one alone bounds any sequence of failures and fixes.

The clock starts with the first failure and counts all that is done about it:
installs, questions, the model, runs. It is looked at between two rounds and
bounds every wait of ours; a run that works is not ended for it, because what
may be asked to end a run is its own `--timeout`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SAME = "the same failure came back"
UNCHANGED = "that changes nothing: it is what has failed before"
NO_ROUNDS = "it has been tried {} times, which is what `fix.rounds` allows"
NO_TIME = "{:.0f} s have passed, and `fix.seconds` allows {:.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often, and for how many seconds of wall clock, to try; 0 is not at all."""

    rounds: int = 3
    seconds: float = 300.0


@dataclass(slots=True)
class Rounds:
    """What has failed so far, and what was run when it did.

    Parameters
    ----------
    budget : Budget
        What there is to spend.
    clock : callable, optional
        Seconds that only grow.
    """

    budget: Budget
    clock: Callable[[], float] = time.monotonic
    number: int = 0  #: rounds that have begun
    _started: float = field(init=False)
    _signatures: set[str] = field(default_factory=set)
    _states: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def seconds_left(self) -> float:
        """What is left of the time, 0 or more."""
        return max(0.0, self.budget.seconds - (self.clock() - self._started))

    def note(self, signature: str, state: str) -> str:
        """Note a failure, and the digest of what was run; return why to stop, or ""."""
        is_known = signature in self._signatures
        self._signatures.add(signature)
        self._states.add(state)
        return SAME if is_known else ""

    def begin(self) -> str:
        """Begin a round; return why there is none, or ""."""
        if self.number >= self.budget.rounds:
            return NO_ROUNDS.format(self.number)
        if self.seconds_left <= 0:
            return NO_TIME.format(self.clock() - self._started, self.budget.seconds)
        self.number += 1
        return ""

    def changed(self, state: str) -> str:
        """Return why what would be run now need not be run, or ""."""
        return UNCHANGED if state in self._states else ""
