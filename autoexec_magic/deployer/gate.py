"""Whether a release is well for as long as its gate asks: judged purely, from looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..executor.stops import Stop
from ..releasefacts import Gate
from .target import Unwell


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a release: `at` is in seconds since the gate was opened; None is well."""

    at: float
    unwell: Unwell | None


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
    if first is None:
        return _before_it_is_well(gate, looks)
    after = looks[first + 1 :]
    bad = [look for look in after if look.unwell is not None]
    reason = bad[-1].unwell if bad else None
    if reason is not None and (len(bad) >= gate.failures or reason.is_final):
        return Unwell(
            why=f"it was well and did not stay so: {reason.why} ({len(bad)} of {len(after)} looks)",
            is_final=reason.is_final,
            evidence=reason.evidence,
        )
    well_at, now = looks[first].at, looks[-1].at
    is_baked = not bakes or now - well_at >= gate.bake_seconds
    if not is_baked or len(looks) - len(bad) < least or looks[-1].unwell is not None:
        return None
    return Passed(looks=len(looks), bad=len(bad), well_at=well_at, seconds=now)


def _well_from(gate: Gate, looks: Sequence[Look]) -> int | None:
    """Return the look with which it was well as often in a row as is asked for, or None."""
    row = 0
    for number, look in enumerate(looks):
        row = row + 1 if look.unwell is None else 0
        if row >= max(1, gate.successes):
            return number
    return None


def _before_it_is_well(gate: Gate, looks: Sequence[Look]) -> Unwell | None:
    bad = [look for look in looks if look.unwell is not None]
    if not bad:
        return None
    last = bad[-1].unwell
    assert last is not None
    if last.is_final:
        return last
    if looks[-1].at <= gate.start_seconds:
        return None
    flaps = " (now and then it was)" if len(bad) < len(looks) else ""
    why = f"it was not well within {gate.start_seconds:g} s{flaps}: {last.why}"
    return Unwell(why=why, is_final=True, evidence=last.evidence)


def await_well(
    gate: Gate,
    look: Callable[[], Unwell | None],
    stop: Stop,
    *,
    bakes: bool = True,
    least: int = 0,
    most_seconds: float = 0.0,
) -> Passed | Unwell:
    """Look again and again until the gate has decided.

    `most_seconds` ends it where it can decide nothing for want of data; 0 is no such end.

    Raises
    ------
    Cancelled
        Somebody stopped it.
    """
    began, looks = time.monotonic(), list[Look]()
    while True:
        stop.look()
        seen = look()
        now = time.monotonic() - began
        looks.append(Look(at=now, unwell=seen))
        if (found := judge(gate, looks, bakes=bakes, least=least)) is not None:
            return found
        if most_seconds and now > most_seconds:
            return Unwell(why=f"nothing was decided within {most_seconds:g} s", is_final=True)
        stop.pause(gate.interval_seconds)
