"""Whether a release is well for as long as its gate asks: judged purely, from looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..executor.stops import Stop
from ..releasefacts import Gate
from .target import Unwell


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """Nothing speaks against a release, and what would speak for it says nothing: `why`."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a release: `at` is in seconds since the gate was opened; None is well.

    One without data is neither good nor bad, and decides nothing.
    """

    at: float
    unwell: Unwell | None
    has_data: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What says that a release is well: so many looks, of which `bad` were after it was well first.

    `well_at` is when it was well as often as asked for, `seconds` all that was
    waited for.
    """

    looks: int
    bad: int
    well_at: float
    seconds: float


def judge(gate: Gate, looks: Sequence[Look], *, bakes: bool = True, least: int = 0) -> Passed | Unwell | None:
    """Return how it stands: passed, shut for good, or None while it has to be waited.

    The first look that decides it decides it: what is seen after that changes nothing.

    Parameters
    ----------
    gate : Gate
        What is asked for.
    looks : sequence of Look
        All so far, in their order.
    bakes : bool, default True
        Whether it has to stay well for the bake time, too.
    least : int, default 0
        Good looks that there have to be at least: without data nothing passes.

    Examples
    --------
    >>> gate = Gate(successes=2, bake_seconds=1, failures=2)
    >>> judge(gate, [Look(at=0.1, unwell=None)])
    >>> judge(gate, [Look(at=at, unwell=None) for at in (0.1, 0.2, 1.3)]).well_at
    0.2
    """
    first = _well_from(gate, looks)
    if not isinstance(first, int):
        return first
    good, bad = sum(look.unwell is None and look.has_data for look in looks[:first]), 0
    well_at = looks[first].at
    for number, look in enumerate(looks[first:], first + 1):
        if look.unwell is None:
            if not look.has_data:
                continue
            good += 1
            is_baked = not bakes or look.at - well_at >= gate.bake_seconds
            if is_baked and good >= least:
                return Passed(looks=number, bad=bad, well_at=well_at, seconds=look.at)
            continue
        bad += 1
        if look.unwell.is_final or bad >= gate.failures:
            why = f"it was well and did not stay so: {look.unwell.why} ({bad} of {number - first - 1} looks)"
            return replace(look.unwell, why=why)
    return None


def _well_from(gate: Gate, looks: Sequence[Look]) -> int | Unwell | None:
    """Return the look with which it was well as often in a row as is asked for, or why it never was."""
    row, last = 0, None
    for number, look in enumerate(looks):
        if not look.has_data:
            continue
        row = row + 1 if look.unwell is None else 0
        if row >= max(1, gate.successes):
            return number
        last = look.unwell or last
        if last is not None and last.is_final:
            return last
        if last is not None and look.at > gate.start_seconds:
            return _never_well(gate, last, looks[: number + 1])
    return None


def _never_well(gate: Gate, last: Unwell, looks: Sequence[Look]) -> Unwell:
    flaps = " (now and then it was)" if any(look.unwell is None for look in looks) else ""
    why = f"it was not well within {gate.start_seconds:g} s{flaps}: {last.why}"
    return replace(last, why=why, is_final=True)


def await_well(
    gate: Gate,
    look: Callable[[], Unwell | NoData | None],
    stop: Stop,
    *,
    bakes: bool = True,
    least: int = 0,
    most_seconds: float | None = None,
) -> Passed | Unwell:
    """Look again and again until the gate has decided.

    `most_seconds`, from when it was well, or nothing spoke against it, ends it where it can decide
    nothing for want of data; None is no such end.

    Raises
    ------
    Cancelled
        Somebody stopped it.
    """
    began, looks = time.monotonic(), list[Look]()
    while True:
        with stop.at_once():
            seen = look()
        now = time.monotonic() - began
        has_data = not isinstance(seen, NoData)
        looks.append(Look(at=now, unwell=seen if isinstance(seen, Unwell) else None, has_data=has_data))
        if (found := judge(gate, looks, bakes=bakes, least=least)) is not None:
            return found
        if most_seconds is not None and now > _held_from(gate, looks) + most_seconds:
            why = f"nothing was decided within {most_seconds:g} s"
            return Unwell(why=f"{why}: {seen.why}" if isinstance(seen, NoData) else why, is_final=True)
        stop.pause(gate.interval_seconds)


def _held_from(gate: Gate, looks: Sequence[Look]) -> float:
    """Return from when a release waits for nothing but data."""
    first = _well_from(gate, looks)
    if isinstance(first, int):
        return looks[first].at
    return next((look.at for look in looks if look.unwell is None), gate.start_seconds)
