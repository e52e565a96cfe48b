"""Two runs of the same tests as one: the second ran again what had not passed in the first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from .running import Done
from .told import Told


def merged(before: Done, after: Done) -> Done:
    """Return both as one; of a test that ran in both the second counts.

    A file that could not be collected in the first run counts no more where
    the second found tests in it, or was asked for it again.
    """
    again = {case.key for case in after.told.all}
    files = {key.partition("::")[0] for key in again}
    unread = [case for case in before.told.unread if case.key not in again and case.key not in files]
    kept = [case for case in before.told.cases if case.key not in again]
    told = replace(
        after.told,
        cases=(*kept, *after.told.cases),
        unread=(*unread, *after.told.unread),
        collected=before.told.collected + after.told.collected,
        faults=(*before.told.faults, *after.told.faults),
        covered=after.told.covered or before.told.covered,
    )
    if not told.faults and told.exit == 0 and any(case.is_bad for case in told.all):
        told = replace(told, exit=1, is_counted=True)  # for those that did not run again
    return Done(outcome=after.outcome, told=told)


def without(told: Told, excused: Collection[str]) -> Told:
    """Return what was told as if what is `excused` had been expected to fail; for the verdict alone.

    A code that a plugin set, a threshold of coverage for one, is not of these failures, and stays.
    """
    if not excused:
        return told
    cases = tuple(case._replace(verdict="xfailed") if case.key in excused else case for case in told.cases)
    is_well = told.exit == 1 and told.is_counted and not any(case.is_bad for case in (*told.unread, *cases))
    return replace(told, cases=cases, exit=0 if is_well else told.exit)
