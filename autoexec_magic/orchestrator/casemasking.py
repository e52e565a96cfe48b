"""Secrets masked in what was told of tests, before anything of it is cut, shown or written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..redact import cleaned
from ..testrunner import Case, Told


def masked(case: Case, secrets: Sequence[str]) -> Case:
    """Return a case with secrets masked: in what is said of it, and in its parameters."""
    said = case.said
    if _says_something(case):
        return case._replace(name=cleaned(case.name, secrets), said=cleaned(said, secrets))
    if "[" not in case.name:
        return case
    nodeid = cleaned(said.nodeid, secrets)
    said = said if nodeid == said.nodeid else replace(said, nodeid=nodeid)
    return case._replace(name=cleaned(case.name, secrets), said=said)


def masked_words(case: Case, secrets: Sequence[str]) -> Case:
    """Return a case with secrets masked in what is said of it, under the name by which it can run again."""
    if not _says_something(case):
        return case
    said = cleaned(case.said, secrets)
    return case._replace(said=replace(said, nodeid=case.said.nodeid))


def masked_run(told: Told, secrets: Sequence[str], *, with_names: bool = True) -> Told:
    """Return what was told with secrets masked in each case, and in the reasons not to believe it."""
    mask = masked if with_names else masked_words
    return replace(
        told,
        cases=tuple(mask(case, secrets) for case in told.cases),
        unread=tuple(mask(case, secrets) for case in told.unread),
        faults=cleaned(told.faults, secrets),
    )


def _says_something(case: Case) -> bool:
    said = case.said
    return bool(said.problems or said.stdout or said.stderr or said.reason or said.properties)
