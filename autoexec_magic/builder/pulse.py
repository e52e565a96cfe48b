"""A line for a step that takes long, while it is at work: nobody has to guess whether it hangs.

Told by whoever waits, in the thread that acts: a process is waited for with
`Pulse` as its tick, an engine's stream between two looks at the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..events import Emit, Progress

SLOW_SECONDS = 5.0  #: a quick step is told once, when it ended
AGAIN_SECONDS = 60.0  #: then after a minute, two, four, …: a log of CI must not look dead


@dataclass(slots=True)
class Pulse:
    """Which step is at work, since when, and when it is told of next."""

    emit: Emit
    clock: Callable[[], float] = time.monotonic
    _steps: list[list[float]] = field(default_factory=list)
    _labels: list[str] = field(default_factory=list)

    def begin(self, label: str) -> None:
        """Note that a step begins, perhaps within another one."""
        self._labels.append(label)
        self._steps.append([self.clock(), SLOW_SECONDS])

    def turn_to(self, label: str) -> None:
        """Note that the last one that began goes on with something else, and count anew."""
        self._labels[-1] = label
        self._steps[-1] = [self.clock(), SLOW_SECONDS]

    def end(self) -> None:
        """Note that the last one that began has ended, however."""
        self._labels.pop()
        self._steps.pop()

    def __call__(self) -> None:
        """Tell of the step that is at work, if it has been so for long; called often."""
        if not self._steps:
            return
        since, due = self._steps[-1]
        seconds = self.clock() - since
        if seconds < due:
            return
        # What it is a part of is not told for the same seconds.
        for step in self._steps:
            lasted = self.clock() - step[0]
            while step[1] <= lasted:
                step[1] = max(AGAIN_SECONDS, 2 * step[1])
        self.emit(Progress(phase="build", text=f"{self._labels[-1]} · {seconds:.0f} s so far"))
