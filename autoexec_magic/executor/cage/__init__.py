"""What a run can touch while it runs: the level asked for, the mechanism that provides it.

Levels are `sealed`, `workspace` and `open` (DESIGN, section 4.4). So far this
machine's kernel is asked for `open` only: limits (time, output kept, no core
files) and nothing more, and the run says so in its first event. A level that
cannot be had is an error, never a silent downgrade.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ...errors import CageError, UsageError
from ...values import Level
from ..identity import ProcessId

LEVELS: tuple[Level, ...] = ("sealed", "workspace", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cage:
    """The level in force and what provides it."""

    level: Level
    mechanism: str


def build(level: Level) -> Cage:
    """Return a cage of `level`.

    Raises
    ------
    UsageError
        There is no such level.
    CageError
        The level cannot be had here.
    """
    if level not in LEVELS:
        raise UsageError(f"there is no cage level {level!r}", fix=f"one of {', '.join(LEVELS)}")
    if level != "open":
        raise CageError(
            f"the cage {level!r} cannot be had",
            why="this version provides the level 'open' only (limits, no walls)",
            fix="--cage open, if you trust what runs",
        )
    return Cage(level="open", mechanism="limits")


def limit(process: ProcessId) -> None:
    """Set the limits that every level has on a process that was just started."""
    try:
        import resource
    except ImportError:
        return
    if not hasattr(resource, "prlimit"):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
