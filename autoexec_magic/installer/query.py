"""What the finder is asked and what it answers, as values that cross to a child and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

TOLD = "told"  #: key of a line of the finder that is no answer, and is for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which distribution to look at, for which modules.

    `specifier` is a version specifier (PEP 440) or "". `newest_known` is the
    version up to which a release is known not to be fresh, or "".
    """

    distribution: str
    modules: tuple[str, ...] = ()
    specifier: str = ""
    newest_known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the index has, and what its best wheel holds.

    `held` are the asked-for modules that the wheel holds, `tops` its top-level
    names, `pth` files that would run at every start of Python, `faults` what
    else rules the wheel out, `overwrites` which files of other installed
    distributions it would replace. Times are ISO 8601 or "" where the index
    does not say; `releases` counts those that fit this Python, None where nobody
    counted. `summary` is the wheel's own sentence. `claims` are names of others
    that the wheel brings along, `is_yanked` is a release that was withdrawn
    (PEP 592) and is had by naming it alone, `notice` is what the index says of the project,
    `refusal` what rules the project out whatever its wheel holds. `error` is
    set where nothing could be said, and `is_down` where that is the index's doing,
    `is_full` where it is the disk's.
    """

    distribution: str
    exists: bool = False
    version: str = ""
    filename: str = ""
    sha256: str = ""
    index: str = ""
    held: tuple[str, ...] = ()
    tops: tuple[str, ...] = ()
    pth: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    overwrites: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    notice: str = ""
    refusal: str = ""
    released: str = ""
    first_released: str = ""
    releases: int | None = None
    summary: str = ""
    is_newest_known: bool = False
    is_yanked: bool = False
    only_sdist: bool = False
    error: str = ""
    is_down: bool = False
    is_unreachable: bool = False
    is_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything the child needs to know."""

    queries: tuple[Query, ...]
    indexes: tuple[str, ...]
    find_links: tuple[str, ...]
    cache: str
    release_age_days: float
    keyring: str = ""
    now: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
