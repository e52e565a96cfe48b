"""Find a distribution's best wheel, download it, look inside. Runs in a child.

`python -P -m autoexec_magic.installer.finder` reads one request as JSON from
its standard input and writes one line of JSON for each distribution. In a
child, because the libraries it needs have no place in the user's kernel, a
hanging index can be ended, and the index's credentials stay off every command
line. Nothing of a wheel is installed, imported or run here.

Sources are asked in order, and the first that serves a name is the only one
asked: a name that a private index serves never falls through to the public one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from .sources import without_credentials

if TYPE_CHECKING:
    from unearth import Package, PackageFinder
    from unearth.fetchers import Fetcher

MAX_WHEEL_BYTES = 1024 * 2**20
CHUNK_BYTES = 2**18
REQUEST_SECONDS = 10.0
# Endings under which a module can stand in a wheel (importlib.machinery knows the running interpreter's).
_BINARY_ENDINGS = (".so", ".pyd")


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
    names, `pth` files that would run at every start of Python, `faults` why
    two readers could unpack it differently. Times are ISO 8601 or "" where the
    index does not say. `error` is set where nothing could be said.
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
    released: str = ""
    first_released: str = ""
    is_newest_known: bool = False
    only_sdist: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything the child needs to know."""

    queries: tuple[Query, ...]
    indexes: tuple[str, ...]
    find_links: tuple[str, ...]
    cache: str
    release_age_days: float
    now: str = field(default_factory=lambda: datetime.now(UTC).isoformat())


def main() -> int:
    """Answer the request on standard input."""
    request = _request(json.load(sys.stdin))
    for query in request.queries:
        sys.stdout.write(json.dumps(asdict(_answer(query, request))) + "\n")
        sys.stdout.flush()
    return 0


def _request(fields: dict[str, Any]) -> Request:
    queries = tuple(Query(**{**query, "modules": tuple(query["modules"])}) for query in fields.pop("queries"))
    return Request(queries=queries, **{name: _tuple(value) for name, value in fields.items()})


def _answer(query: Query, request: Request) -> Found:
    import httpx2

    try:
        return _find(query, request)
    except httpx2.TimeoutException:
        return Found(
            distribution=query.distribution, error=f"the index did not answer within {REQUEST_SECONDS:.0f} s"
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Found(distribution=query.distribution, error=f"the index could not be asked: {error}")
    except (zipfile.BadZipFile, EOFError) as error:
        return Found(distribution=query.distribution, exists=True, error=f"its wheel is damaged: {error}")
    except (OSError, ValueError) as error:
        return Found(distribution=query.distribution, error=f"{type(error).__name__}: {error}")


def _find(query: Query, request: Request) -> Found:
    for index, links in [("", request.find_links), *((url, ()) for url in request.indexes)]:
        if not index and not links:
            continue
        with _finder(index, links) as (finder, statuses):
            wanted = query.distribution + query.specifier
            # A pre-release counts only where the specifier names one.
            packages = list(finder.find_matches(wanted, allow_prereleases=None if query.specifier else False))
            broken = [status for status in statuses if status >= 500 or status in (401, 403, 407)]
            if broken:
                shown = without_credentials(index)
                return Found(distribution=query.distribution, error=f"{shown} answered {broken[0]}")
            if packages:
                return _look(query, request, finder, packages, index or links[0])
            if list(finder.find_all_packages(query.distribution, allow_yanked=True)):
                break  # it is served here, though nothing fits: no other index may answer for this name
    return Found(distribution=query.distribution)


@contextlib.contextmanager
def _finder(index: str, links: Sequence[str]) -> Iterator[tuple[PackageFinder, list[int]]]:
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    statuses: list[int] = []
    urls = [index] if index else []
    # unearth only logs a status; a server's fault must not read as "no such project".
    hooks = {"response": [lambda response: statuses.append(response.status_code)]}
    with PyPIClient(timeout=REQUEST_SECONDS, event_hooks=hooks) as session:
        session.auth = MultiDomainBasicAuth(prompting=False, index_urls=urls)
        fetcher = cast("Fetcher", session)  # a Client takes more than the protocol asks for
        yield PackageFinder(fetcher, index_urls=urls, find_links=links), statuses


def _look(
    query: Query, request: Request, finder: PackageFinder, packages: list[Package], index: str
) -> Found:
    wheels = [package for package in packages if package.link.is_wheel]
    shown = without_credentials(index)
    if not wheels:
        version = str(packages[0].version)
        return Found(
            distribution=query.distribution, exists=True, index=shown, only_sdist=True, version=version
        )
    times = _times(finder, query.distribution, index)
    best, is_known = _choose(wheels, times, query, request)
    released = times.get(best.link.filename)
    path, digest = _download(finder, best, Path(request.cache))
    inside = _inside(path)
    return Found(
        distribution=query.distribution,
        exists=True,
        index=shown,
        version=str(best.version),
        filename=best.link.filename,
        sha256=digest,
        held=tuple(module for module in query.modules if _holds(inside.names, module)),
        tops=_tops(inside.names),
        pth=tuple(name for name in inside.names if name.endswith(".pth")),
        faults=inside.faults,
        released=released.isoformat() if released else "",
        first_released=min(times.values()).isoformat() if times else "",
        is_newest_known=is_known,
    )


def _choose(
    wheels: list[Package], times: Mapping[str, datetime], query: Query, request: Request
) -> tuple[Package, bool]:
    """Return the best wheel that is not fresh, or the best one; and whether the table knew it."""
    from packaging.version import Version

    limit = datetime.fromisoformat(request.now) - timedelta(days=request.release_age_days)
    old = [wheel for wheel in wheels if wheel.link.filename in times and times[wheel.link.filename] <= limit]
    if old:
        return old[0], False
    if not times and query.newest_known:
        known = [wheel for wheel in wheels if Version(str(wheel.version)) <= Version(query.newest_known)]
        if known:
            return known[0], True
    return wheels[0], False


def _times(finder: PackageFinder, distribution: str, index: str) -> dict[str, datetime]:
    """Return when each file of a project was uploaded, as far as the index says."""
    times = {}
    for package in finder.find_all_packages(distribution, allow_yanked=True):
        if package.link.upload_time:
            times[package.link.filename] = package.link.upload_time
    return times or _times_beside(finder, distribution, index)


def _times_beside(finder: PackageFinder, distribution: str, index: str) -> dict[str, datetime]:
    """Ask the JSON API that PyPI's own server has beside its simple index."""
    base, simple, rest = index.rstrip("/").rpartition("/simple")
    if not simple or rest or not base.startswith("http"):
        return {}
    try:
        releases = finder.session.get(f"{base}/pypi/{distribution}/json").json()["releases"]
    except (ValueError, KeyError, TypeError):
        return {}
    files = (file for release in releases.values() for file in release)
    return {file["filename"]: datetime.fromisoformat(file["upload_time_iso_8601"]) for file in files}


def _download(finder: PackageFinder, package: Package, cache: Path) -> tuple[Path, str]:
    """Return the wheel's file in the cache and the SHA-256 of its bytes."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    expected = _expected(package)
    kept = cache / f"{expected}-{package.link.filename}"
    if expected and kept.is_file() and _digest(kept) == expected:
        return kept, expected
    descriptor, name = tempfile.mkstemp(dir=cache, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest = _copy(finder, package, file)
        if expected and digest != expected:
            raise ValueError(
                f"{package.link.filename} is not the file that the index names (its SHA-256 differs)"
            )
        kept = cache / f"{digest}-{package.link.filename}"
        Path(name).replace(kept)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return kept, digest


def _copy(finder: PackageFinder, package: Package, file: Any) -> str:
    digest, size = hashlib.sha256(), 0
    with finder.session.get_stream(package.link.url_without_fragment) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_WHEEL_BYTES:
                raise ValueError(f"{package.link.filename} is larger than {MAX_WHEEL_BYTES >> 20} MiB")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _expected(package: Package) -> str:
    """Return the SHA-256 that the index gives for the file, or ""."""
    hashes = package.link.hash_option or {}
    return next(iter(hashes.get("sha256", ())), "")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Inside:
    names: tuple[str, ...]
    faults: tuple[str, ...]


def _inside(path: Path) -> _Inside:
    """Return the names that a wheel unpacks to, and what is ambiguous about it."""
    with zipfile.ZipFile(path) as wheel:
        raw = wheel.namelist()
    faults = []
    # Of two equal names one reader takes the first, another the last (CVE-2025-54368).
    if len(set(raw)) < len(raw):
        faults.append("it holds the same file name twice")
    if any(name.startswith("/") or ".." in name.split("/") or "\\" in name for name in raw):
        faults.append("it has files that unpack outside their folder")
    return _Inside(tuple(_unpacked(name) for name in raw if not name.endswith("/")), tuple(faults))


def _unpacked(name: str) -> str:
    """Return where `name` lands in site-packages (PEP 427: `*.data/purelib` is moved there)."""
    parts = name.split("/")
    if len(parts) > 2 and parts[0].endswith(".data") and parts[1] in ("purelib", "platlib"):
        return "/".join(parts[2:])
    return name


def _holds(names: Sequence[str], module: str) -> bool:
    """Whether a wheel with these files holds `module`."""
    stem = module.replace(".", "/")
    for name in names:
        if name in (f"{stem}.py", f"{stem}/__init__.py"):
            return True
        folder, _, last = name.rpartition("/")
        if last.endswith(_BINARY_ENDINGS):
            place = f"{folder}/{last.partition('.')[0]}" if folder else last.partition(".")[0]
            if place in (stem, f"{stem}/__init__"):
                return True
    # A package without __init__.py (PEP 420) is held if any module lies below it.
    return any(name.startswith(f"{stem}/") and name.endswith((".py", *_BINARY_ENDINGS)) for name in names)


def _tops(names: Sequence[str]) -> tuple[str, ...]:
    tops = set()
    for name in names:
        first = PurePosixPath(name).parts[0]
        if not first.endswith((".dist-info", ".data")):
            tops.add(first.partition(".")[0])
    return tuple(sorted(tops))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
