"""How the traffic goes over to a new release, as a value: at once, or in steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A number that says whether a canary is well, and where it is asked for.

    `url` is a Prometheus server's, `expression` in its language; `$service` and
    `$release` in it stand for the names. Well is what is neither above `most`
    nor below `least`; one of both is there. `token` says where a bearer token is
    kept (`env:NAME`, `file:PATH`), "" for none.
    """

    url: str
    expression: str
    most: float | None = None
    least: float | None = None
    token: str = ""
    every_seconds: float = 5.0
    answer_seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How the traffic goes over.

    `steps` are percents, rising, each above 0 and below 100; none is all at
    once. Each lasts `step_seconds` at least, and until there were `samples` good
    answers: without data it is held, and after `hold_seconds` taken back. With a
    `query`, an answer is good where that is, too. With `pauses` a person says when
    it goes on after the first step.
    """

    steps: tuple[float, ...] = ()
    step_seconds: float = 30.0
    samples: int = 10
    hold_seconds: float = 300.0
    pauses: bool = False
    query: Query | None = None


AT_ONCE = Shift()


def steps_of(percents: Sequence[float]) -> tuple[float, ...]:
    """Return canary steps once they are sensible.

    Raises
    ------
    UsageError
        They do not rise, or one is not between 0 and 100.

    Examples
    --------
    >>> steps_of([10, 50])
    (10.0, 50.0)
    """
    if any(not 0 < each < 100 for each in percents) or list(percents) != sorted(set(percents)):
        raise UsageError(
            f"canary steps cannot be {', '.join(str(each)[:20] for each in percents)}",
            why="each is a part of the traffic in percent, and they rise",
            fix="--canary 10,50",
        )
    return tuple(float(each) for each in percents)


def shift_of(body: object) -> Shift | None:
    """Return the shift that a record holds, as JSON has it; None where there is none that can be.

    Examples
    --------
    >>> import dataclasses
    >>> shift_of(dataclasses.asdict(Shift(steps=(10, 50), samples=3))).steps
    (10.0, 50.0)
    >>> shift_of({"steps": ["x"]})
    """
    if not isinstance(body, dict):
        return None
    try:
        step, samples, hold = (body[name] for name in ("step_seconds", "samples", "hold_seconds"))
        found = Shift(
            steps=steps_of(body["steps"]),
            step_seconds=float(step),
            samples=int(samples),
            hold_seconds=float(hold),
            query=Query(**body["query"]) if body.get("query") else None,
        )
    except (UsageError, KeyError, TypeError, ValueError, OverflowError):
        return None
    return found
