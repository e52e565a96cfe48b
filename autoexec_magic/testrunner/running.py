"""Run pytest in a caged process of its own, and take what its plugin tells while it runs."""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

from .. import executor
from ..events import Emit
from ..values import Outcome
from .cases import Case
from .inside import BEGIN, CUT_OFF, PLUGIN, VARIABLE
from .judging import how_it_ended
from .project import Interpreter
from .told import Broke, Fold, Told

CRASHED, TIMED_OUT = "Crashed", "TimedOut"  #: types of the problem of a test that ran when the process ended
_UNTOLD = "Untold"  # of none: it went on
_KEY_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told what, while it runs, in the thread that runs it.

    Parameters
    ----------
    on_count : callable
        Takes the ids of the tests that there will be.
    on_start : callable
        Takes the id of a test that begins.
    on_case : callable
        Takes each case that is over.
    """

    on_count: Callable[[Sequence[str]], object] = lambda ids: None
    on_start: Callable[[str], object] = lambda nodeid: None
    on_case: Callable[[Case], object] = lambda case: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One part of the tests: `index` of `count`, from 1, by the `seconds` that each took, by their ids."""

    index: int
    count: int
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run of pytest: whose, where, and with which words.

    `order` are the ids of the tests that run alone, in their order; `seed` is
    set before each test; `cover` are folders of which is told which lines ran,
    all where it is empty.
    """

    python: Interpreter
    cwd: Path
    workspace: Path
    arguments: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None
    seed: int | None = None
    shard: Shard | None = None
    cover: tuple[str, ...] | None = None

    def handed(self, key: str) -> str:
        """Return what the process reads; what it tells begins with `key`."""
        settings: dict[str, object] = {}
        if self.order is not None:
            settings["order"] = self.order
        if self.seed is not None:
            settings["seed"] = self.seed
        if self.shard is not None:
            settings["shard"] = dataclasses.asdict(self.shard)
        words = ["-p", PLUGIN, *self.arguments]
        told = {"arguments": words, "key": key, "settings": settings, "cover": self.cover}
        return json.dumps(told) + "\n"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are set for it: with a seed, what makes sets come in the same order."""
        return {} if self.seed is None else {"PYTHONHASHSEED": str(self.seed % 2**32)}

    @property
    def argv(self) -> tuple[str, ...]:
        """What is started; the words are handed over when it runs."""
        return (str(self.python.path), "-u", str(BEGIN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How the process ended, and what it told."""

    outcome: Outcome
    told: Told


def run(
    job: Job,
    watch: Watch,
    *,
    emit: Emit,
    standing: executor.Standing | None = None,
    **bounds: Unpack[executor.Bounds],
) -> Done:
    """Run the tests to their end.

    Parameters
    ----------
    job : Job
        Whose, where, and which.
    watch : Watch
        Is told of each test.
    emit : callable
        Gets what pytest, its plugins and tests without capture write.
    standing : executor.Standing, optional
        A process that waits for such a job (`stand`).
    **bounds
        As in `executor.run`.
    """
    key = secrets.token_hex(_KEY_BYTES)
    fold = Fold(watch.on_start, watch.on_case, watch.on_count, key=key)
    outcome = executor.run(
        job.argv,
        emit=emit,
        phase="test",
        cwd=job.cwd,
        env=job.environment,
        stdin=job.handed(key),
        policy=executor.policy.exactly(job.argv[0]),
        project=job.workspace,
        records=executor.Records(variable=VARIABLE, take=fold.feed),
        standing=standing,
        **_readable(bounds, job),
    )
    return Done(outcome=outcome, told=fold.end(outcome.returncode, broke(outcome)))


def broke(outcome: Outcome) -> Broke | None:
    """Return what ended a process, as the tests that ran then are told; None where a person did."""
    if outcome.ended == "cancelled":
        return None
    if outcome.ended == "timed-out" or (
        outcome.limit is not None and outcome.limit.kind in ("timeout", "cpu")
    ):
        how = f"the run's time was over after {outcome.seconds:.1f} s, while it ran"
        return Broke(kind=TIMED_OUT, how=how, is_from_outside=True)
    if outcome.returncode == CUT_OFF:
        return Broke(kind=_UNTOLD, how="the stream of what is told was closed while it ran", is_untold=True)
    return Broke(kind=CRASHED, how=f"the process ended while it ran: {how_it_ended(outcome)}")


def stand(job: Job, **bounds: Unpack[executor.Bounds]) -> executor.Standing:
    """Start the process of the next such job, which imports pytest and waits."""
    bounds = _readable(bounds, job)
    return executor.stand(
        job.argv,
        variable=VARIABLE,
        cwd=job.cwd,
        env=job.environment,
        pass_on=bounds.get("pass_on", ()),
        policy=executor.policy.exactly(job.argv[0]),
        level=bounds.get("level", "open"),
        doors=bounds.get("doors", executor.cage.SHUT),
        limits=bounds.get("limits"),
        project=job.workspace,
    )


def _readable(bounds: executor.Bounds, job: Job) -> executor.Bounds:
    """Let a caged run read its Python, and what runs beside the project's pytest."""
    if bounds.get("level", "open") == "open":
        return bounds
    doors = bounds.get("doors", executor.cage.SHUT)
    read = dict.fromkeys((*doors.read, BEGIN.parent, *job.python.places))
    return bounds | {"doors": replace(doors, read=tuple(read))}
