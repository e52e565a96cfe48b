"""Which file of a project is the best one: pure, from what an index lists to one wheel.

The same rules for whoever read the page. An unfinished or withdrawn release
counts only where it is named; one that is fresh only where there is no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .query import Found, Query

Times = Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that fits this interpreter, as an index lists it; `sha256` is "" where it does not say."""

    filename: str
    url: str
    version: str
    sha256: str = ""
    is_wheel: bool = True
    is_yanked: bool = False
    uploaded: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The wheel to look into; `is_newest_known` where no time spoke for it, and the table did.

    `releases` counts the project's versions that fit this interpreter.
    """

    file: File
    released: str = ""
    first_released: str = ""
    is_newest_known: bool = False
    releases: int | None = None


def choose(
    query: Query,
    files: Sequence[File],
    *,
    index: str,
    times: Times,
    ask_times: Callable[[], Times],
    limit: datetime,
) -> Chosen | Found:
    """Return the wheel to look into, or what there is to say without one.

    Parameters
    ----------
    query : Query
        What is wanted.
    files : sequence of File
        All that fit this interpreter, best first.
    index : str
        Where they are, as it may be shown.
    times : mapping of str to datetime
        When each file was uploaded, aware, by its name; empty where the page
        does not say.
    ask_times : callable
        Returns them from elsewhere; called only where `times` is empty.
    limit : datetime
        Aware; what was uploaded later is fresh.
    """
    fitting = _fitting(files, query.specifier)
    wheels = [file for file in fitting if file.is_wheel]
    if fitting and not wheels:
        version = fitting[0].version
        return Found(
            distribution=query.distribution, exists=True, index=index, only_sdist=True, version=version
        )
    if not wheels:
        return Found(distribution=query.distribution, error=_no_such_version(query, files))
    told = times or ask_times()
    best, is_known = _best(wheels, told, query, limit)
    released = told.get(best.filename)
    return Chosen(
        file=best,
        released=released.isoformat() if released else "",
        first_released=min(told.values()).isoformat() if told else "",
        is_newest_known=is_known,
        releases=len({file.version for file in files}),
    )


def fresh_limit(now: str, release_age_days: float) -> datetime:
    """Return the time after which an upload is fresh; `now` is ISO 8601."""
    return aware(datetime.fromisoformat(now)) - timedelta(days=release_age_days)


def aware(time: datetime) -> datetime:
    """Return `time` with its zone; without one it is UTC (PEP 700)."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _fitting(files: Sequence[File], specifier: str) -> list[File]:
    """Return what a specifier allows; an unfinished or withdrawn release only where it is named."""
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(specifier)
    is_exact = specifier.startswith("==") and "," not in specifier and "*" not in specifier
    return [
        file
        for file in files
        if wanted.contains(file.version, prereleases=bool(wanted.prereleases))
        and (is_exact or not file.is_yanked)
    ]


def _no_such_version(query: Query, files: Sequence[File]) -> str:
    newest = _fitting(files, "")
    if not query.specifier or not newest:
        return ""
    wanted = query.specifier.removeprefix("==")
    if query.specifier.startswith("=="):
        return f"{query.distribution} has no version {wanted}; newest is {newest[0].version}"
    return (
        f"{query.distribution} has no version {wanted} that fits this Python; newest is {newest[0].version}"
    )


def _best(wheels: Sequence[File], times: Times, query: Query, limit: datetime) -> tuple[File, bool]:
    """Return the best wheel that is not fresh, or the best one; and whether the table knew it."""
    from packaging.version import Version

    old = [wheel for wheel in wheels if wheel.filename in times and times[wheel.filename] <= limit]
    if old:
        return old[0], False
    if not times and query.newest_known:
        known = [wheel for wheel in wheels if Version(wheel.version) <= Version(query.newest_known)]
        if known:
            return known[0], True
    return wheels[0], False
