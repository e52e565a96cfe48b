"""What failed runs again, alone and in company, and what that showed is told with the failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import testrunner
from ..errors import Cancelled
from ..events import Progress
from ..testrunner import Done, Job, Told
from ..testrunner.cases import CaseVerdict
from ..testrunner.flaky import combined, examine
from ..testrunner.warm import Warm

if TYPE_CHECKING:
    from .testing import Testing

MOST_TESTS = 20  #: that are looked at: of more the causes say enough
RUNS_EACH = 30  #: for each of them, in all


def examined(run: Testing, job: Job, done: Done, times: int) -> None:
    """Run what failed again, `times` of each kind, and tell what it is.

    Raises
    ------
    Cancelled
        A person stopped it: what was known before stays told.
    """
    failed = [case for case in done.told.cases if case.is_bad and case.said.nodeid][:MOST_TESTS]
    if not failed or done.outcome.ended != "exited":
        return
    names = [case.said.nodeid for case in failed]
    order = [case.said.nodeid for case in done.told.cases if case.verdict != "not-run"]
    most = RUNS_EACH * len(names)

    def again(nodeids: Sequence[str], *, seed: int | None) -> Mapping[str, CaseVerdict]:
        if run.here.is_cancelled():
            raise Cancelled("the search for flaky tests was stopped")
        told = _told(
            run,
            ready.setdefault(seed, Warm()),
            replace(job, order=tuple(nodeids), seed=seed, shard=None, cover=None),
        )
        return {case.said.nodeid: case.verdict for case in told.cases}

    ready: dict[int | None, Warm] = {}

    def on_run(count: int) -> None:
        run.emit(
            Progress(phase="test", text=f"again, run {count} of at most {most}", number=count, total=most)
        )

    by_name = {case.said.nodeid: case for case in failed}
    try:
        judgements = examine(names, order, again, times=times, most_runs=most, on_run=on_run)
    finally:
        for warm in ready.values():
            warm.close()
    for found in judgements:
        case = by_name[found.nodeid]
        before = run.teller.causes.get(case.key)
        if before is not None:
            run.teller.tell_again(case, combined(before, found))


def _told(run: Testing, warm: Warm, job: Job) -> Told:
    """Run some tests without a word, while the process of the next run starts."""
    standing = warm.take()
    warm.prepare(job, **run.own)
    done = testrunner.run(job, testrunner.Watch(), emit=lambda event: None, standing=standing, **run.own)
    if done.outcome.ended == "cancelled":
        raise Cancelled("the search for flaky tests was stopped")
    return done.told
