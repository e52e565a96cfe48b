"""What the registry is asked and what is answered, as values that cross to a child and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which package to look at.

    `wanted` is an exact version or a range, "" for what the registry calls
    latest. `subpaths` are what is asked of the package: "" is itself,
    `fp/map` what stands behind its name.
    """

    name: str
    wanted: str = ""
    subpaths: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the registry has, and what the tarball holds.

    `integrity` is as npm writes it into a lock (`sha512-…`) and `sha256` that
    of the same bytes in hexadecimal. `held` are the asked-for subpaths that
    are there, `scripts` what npm would run at an install, `programs` what would
    stand in `node_modules/.bin`, `faults` what rules the package out, `doubts`
    what a person should look at. `owner` is what the lock of the project has
    on the package's scope. Times are ISO 8601, or "" where the registry does
    not say. `error` is set where nothing could be said, and `is_down` where
    that is the registry's doing.
    """

    name: str
    exists: bool = False
    version: str = ""
    filename: str = ""
    sha256: str = ""
    integrity: str = ""
    registry: str = ""
    held: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    deprecated: str = ""
    node: str = ""
    released: str = ""
    first_released: str = ""
    error: str = ""
    is_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything the child needs to know.

    `logins` maps the start of an address to the `Authorization` it gets;
    `scopes` maps `@scope` to its registry.
    """

    queries: tuple[Query, ...]
    registry: str
    scopes: Mapping[str, str]
    logins: Mapping[str, str]
    cafile: str
    cache: str
    release_age_days: float
    now: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
