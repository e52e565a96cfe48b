"""Find a distribution's best wheel, download it, look inside. Runs in a child.

It reads one request as JSON from its standard input and writes one line of
JSON for each distribution. In a child, because the libraries it needs have no
place in the user's kernel, a hanging index can be ended, and the index's
credentials stay off every command line. Nothing of a wheel is installed,
imported or run here. The package does not import this module, so that it can
be run by its name.

Sources are asked in order, and the first that serves a name is the only one
asked: a name that a private index serves never falls through to the public one.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .installed import overwrites
from .page import IndexFault, Shelf, download, without_logins
from .query import Found, Query, Request
from .wheel import holds, look

if TYPE_CHECKING:
    from unearth import Package

MAX_WHEEL_BYTES = 1024 * 2**20
REQUEST_SECONDS = 10.0


def main() -> int:
    """Answer the request on standard input."""
    logging.getLogger("unearth").setLevel(logging.CRITICAL)  # what it would say is in the answers
    request = _request(json.load(sys.stdin))
    for query in request.queries:
        sys.stdout.write(json.dumps(asdict(_answer(query, request))) + "\n")
        sys.stdout.flush()
    return 0


def _request(fields: dict[str, Any]) -> Request:
    queries = tuple(Query(**{**query, "modules": tuple(query["modules"])}) for query in fields.pop("queries"))
    return Request(queries=queries, **{name: _tuple(value) for name, value in fields.items()})


def _answer(query: Query, request: Request) -> Found:
    """Answer one query: whatever goes wrong is this project's fault, and the others are answered."""
    import httpx2

    name = query.distribution
    try:
        return _find(query, request)
    except IndexFault as fault:
        return Found(distribution=name, error=str(fault), is_down=True)
    except httpx2.TimeoutException:
        text = f"the index did not answer within {REQUEST_SECONDS:g} s"
        return Found(distribution=name, error=text, is_down=True)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        text = f"the index could not be asked: {without_logins(str(error))}"
        return Found(distribution=name, error=text, is_down=True)
    except (zipfile.BadZipFile, EOFError) as error:
        return Found(distribution=name, exists=True, error=f"its wheel is damaged: {error}")
    except (OSError, ValueError) as error:
        return Found(distribution=name, error=without_logins(f"{type(error).__name__}: {error}"))
    except (TypeError, AttributeError, KeyError) as error:
        # unearth believes a page's JSON to be of the right shape, and fails in these ways where it is not.
        text = f"the index's page of {name} is broken ({type(error).__name__}: {without_logins(str(error))})"
        return Found(distribution=name, error=text)


def _find(query: Query, request: Request) -> Found:
    from packaging.utils import InvalidName, canonicalize_name

    try:
        canonicalize_name(query.distribution, validate=True)
    except InvalidName:
        return Found(distribution=query.distribution)
    links = [("", request.find_links)] if request.find_links else []
    for index, folders in [*links, *((url, ()) for url in request.indexes)]:
        with Shelf(index, folders, REQUEST_SECONDS).opened() as shelf:
            packages = shelf.packages(query.distribution)
            if packages is not None:
                return _best(query, request, shelf, packages)
    return Found(distribution=query.distribution)


def _best(query: Query, request: Request, shelf: Shelf, packages: Sequence[Package]) -> Found:
    """Answer from the one index that serves the name."""
    fitting = _fitting(packages, query.specifier)
    if fitting:
        return _look(query, request, shelf, packages, fitting)
    newest = [str(package.version) for package in _fitting(packages, "")]
    if query.specifier and newest:
        wanted = query.specifier.removeprefix("==")
        text = f"{query.distribution} has no version {wanted} that fits this Python; newest is {newest[0]}"
        if query.specifier.startswith("=="):
            text = f"{query.distribution} has no version {wanted}; newest is {newest[0]}"
        return Found(distribution=query.distribution, error=text)
    return Found(distribution=query.distribution)


def _fitting(packages: Sequence[Package], specifier: str) -> list[Package]:
    """Return what a specifier allows; an unfinished or withdrawn release only where it is named."""
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(specifier)
    is_exact = specifier.startswith("==") and "," not in specifier and "*" not in specifier
    return [
        package
        for package in packages
        if package.version is not None
        and wanted.contains(package.version, prereleases=bool(wanted.prereleases))
        and (is_exact or not package.link.is_yanked)
    ]


def _look(
    query: Query, request: Request, shelf: Shelf, packages: Sequence[Package], fitting: Sequence[Package]
) -> Found:
    wheels = [package for package in fitting if package.link.is_wheel]
    if not wheels:
        version = str(fitting[0].version)
        return Found(
            distribution=query.distribution, exists=True, index=shelf.shown, only_sdist=True, version=version
        )
    times = _times(packages) or _times_beside(shelf, query.distribution)
    best, is_known = _choose(wheels, times, query, request)
    released = times.get(best.link.filename)
    path, digest = download(shelf, best, Path(request.cache), most_bytes=MAX_WHEEL_BYTES)
    inside = look(path, query.distribution)
    return Found(
        distribution=query.distribution,
        exists=True,
        index=shelf.shown,
        version=str(best.version),
        filename=best.link.filename,
        sha256=digest,
        held=tuple(module for module in query.modules if holds(inside.names, module)),
        tops=inside.tops,
        pth=inside.pth,
        faults=inside.faults,
        overwrites=overwrites(path, inside, query.distribution),
        released=released.isoformat() if released else "",
        first_released=min(times.values()).isoformat() if times else "",
        releases=len({package.version for package in packages}),
        summary=inside.summary,
        is_newest_known=is_known,
    )


def _choose(
    wheels: Sequence[Package], times: Mapping[str, datetime], query: Query, request: Request
) -> tuple[Package, bool]:
    """Return the best wheel that is not fresh, or the best one; and whether the table knew it."""
    from packaging.version import Version

    limit = _aware(datetime.fromisoformat(request.now)) - timedelta(days=request.release_age_days)
    old = [wheel for wheel in wheels if wheel.link.filename in times and times[wheel.link.filename] <= limit]
    if old:
        return old[0], False
    if not times and query.newest_known:
        known = [wheel for wheel in wheels if Version(str(wheel.version)) <= Version(query.newest_known)]
        if known:
            return known[0], True
    return wheels[0], False


def _times(packages: Sequence[Package]) -> dict[str, datetime]:
    """Return when each file of a project was uploaded, as far as the index says."""
    links = (package.link for package in packages)
    return {link.filename: _aware(link.upload_time) for link in links if link.upload_time}


def _times_beside(shelf: Shelf, distribution: str) -> dict[str, datetime]:
    """Ask the JSON API that PyPI's own server has beside its simple index."""
    import httpx2

    base, simple, rest = shelf.url.rstrip("/").rpartition("/simple")
    if not simple or rest or not base.startswith("http"):
        return {}
    try:
        releases = shelf.session.get(f"{base}/pypi/{distribution}/json").json()["releases"]
        files = [file for release in releases.values() for file in release]
        return {
            file["filename"]: _aware(datetime.fromisoformat(file["upload_time_iso_8601"])) for file in files
        }
    except (ValueError, KeyError, TypeError, AttributeError, httpx2.HTTPError):
        # Another kind of server has anything at all in that place: then nothing is known of times.
        return {}


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def serve() -> int:
    """Run as a child: a request to end leaves no half file."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    return main()


if __name__ == "__main__":
    sys.exit(serve())
