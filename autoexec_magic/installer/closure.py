"""What wheels need besides themselves, worked out from their own descriptions, without a resolver.

Nearly always what is missing needs a few distributions that are not here, in
any version, or that are here in a good one. That is worked out here, from
proofs. Where anything is not plain (an extra, an address, a version that is
here and does not fit, two that want different ones), nothing is said, and the
resolver of the tool that installs does it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..values import Candidate, Resolution
from .known import normal
from .query import Query
from .wheel import Inside

if TYPE_CHECKING:
    from packaging.requirements import Requirement

MOST_ROUNDS = 20

Look = Callable[[Sequence[Query]], Mapping[Query, Resolution]]


class NotPlainError(Exception):
    """A resolver has to do it."""


def closure(
    candidates: Sequence[Candidate],
    here: Mapping[str, str],
    proof: Callable[[str], Inside | None],
    look: Look,
) -> dict[str, Resolution | Candidate]:
    """Return `candidates` and all that they need and is not here, by normal name.

    Parameters
    ----------
    candidates : sequence of Candidate
        Proved.
    here : mapping of str to str
        The versions of what is installed, by normal name.
    proof : callable
        Returns what the wheel with a SHA-256 holds, or None.
    look : callable
        Returns what follows for queries, each after a look into its wheel.

    Raises
    ------
    NotPlainError
        A resolver has to do it, or a person has to be asked.
    """
    chosen: dict[str, Resolution | Candidate] = {}
    for candidate in candidates:
        name = normal(candidate.distribution)
        if name in here:  # in another version, or in this one and not whole
            raise NotPlainError(name)
        chosen[name] = candidate
    waiting = dict(chosen)
    wanted: list[Requirement] = []
    for _ in range(MOST_ROUNDS):
        fresh = [each for found in waiting.values() for each in _requirements(found, proof)]
        wanted += fresh
        waiting = _next_ones(fresh, chosen, here, look)
        if not waiting:
            _check(wanted, chosen, here)
            return chosen
        chosen |= waiting
    raise NotPlainError("it needs more and more")


def needed(lines: Sequence[str]) -> Iterator[Requirement]:
    """Yield what of `Requires-Dist` counts here and is plain; the rest is left out."""
    for line in lines:
        requirement = _requirement(line)
        with contextlib.suppress(NotPlainError):
            if requirement and _counts(requirement) and not requirement.extras and not requirement.url:
                yield requirement


def query_of(requirement: Requirement) -> Query:
    """Return the query for what a requirement needs."""
    return Query(distribution=requirement.name, specifier=str(requirement.specifier))


def chosen_of(found: Resolution | Candidate) -> Candidate:
    """Return the candidate itself."""
    chosen = found if isinstance(found, Candidate) else found.chosen
    assert chosen is not None
    return chosen


def _requirements(found: Resolution | Candidate, proof: Callable[[str], Inside | None]) -> list[Requirement]:
    inside = proof(chosen_of(found).sha256)
    if inside is None or inside.requires is None:
        raise NotPlainError("nobody knows what it needs")
    requirements = []
    for line in inside.requires:
        requirement = _requirement(line)
        if requirement is None:
            raise NotPlainError(line)
        if _counts(requirement):
            if requirement.extras or requirement.url:
                raise NotPlainError(line)
            requirements.append(requirement)
    return requirements


def _next_ones(
    fresh: Sequence[Requirement],
    chosen: Mapping[str, Resolution | Candidate],
    here: Mapping[str, str],
    look: Look,
) -> dict[str, Resolution | Candidate]:
    """Return what was found for requirements that nothing here or chosen meets."""
    queries: dict[str, Query] = {}
    for requirement in fresh:
        name = normal(requirement.name)
        if name not in here and name not in chosen:
            queries.setdefault(name, query_of(requirement))
    answers = look(list(queries.values())) if queries else {}
    found: dict[str, Resolution | Candidate] = {}
    for name, query in queries.items():
        resolution = answers.get(query)
        if resolution is None or resolution.decision != "install" or resolution.chosen is None:
            raise NotPlainError(name)
        found[name] = resolution
    return found


def _check(
    wanted: Sequence[Requirement], chosen: Mapping[str, Resolution | Candidate], here: Mapping[str, str]
) -> None:
    """Raise unless every requirement is met."""
    from packaging.version import InvalidVersion

    for requirement in wanted:
        name = normal(requirement.name)
        version = chosen_of(chosen[name]).version if name in chosen else here.get(name, "")
        try:
            is_met = bool(version) and requirement.specifier.contains(version, prereleases=True)
        except InvalidVersion:
            is_met = False
        if not is_met:
            raise NotPlainError(name)


@functools.lru_cache(maxsize=4096)
def _requirement(line: str) -> Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _counts(requirement: Requirement) -> bool:
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

    try:
        return requirement.marker is None or requirement.marker.evaluate(_surroundings())
    except (UndefinedComparison, UndefinedEnvironmentName) as error:
        raise NotPlainError(str(requirement)) from error


@functools.cache
def _surroundings() -> dict[str, str]:
    from packaging.markers import default_environment

    return {**default_environment(), "extra": ""}  # type: ignore[dict-item]
