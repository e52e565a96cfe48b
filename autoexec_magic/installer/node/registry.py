"""Ask a registry for a package, download its tarball, look inside. Runs in a child.

It reads one request as JSON from its standard input and writes one line of
JSON for each query. In a child, because a hanging registry can then be ended,
and its logins stay off every command line and out of the kernel. Nothing of a
package is installed, unpacked to the disk or run here. The package does not
import this module, so that it can be run by its name.

Each name is asked of one registry only: its scope's, or the default one.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from . import semver
from .fetch import Fetcher, RegistryFault
from .query import Found, Query, Request
from .settings import without_login
from .tarball import Inside, TarballFault, look

AT_ONCE = 8
SECURITY_HOLDER = "-security"  # the registry's own release in place of what it took away: 0.0.1-security


def main() -> int:
    """Answer the request on standard input."""
    fields = json.load(sys.stdin)
    queries = [Query(**{**each, "subpaths": tuple(each["subpaths"])}) for each in fields.pop("queries")]
    request = Request(queries=tuple(queries), **fields)
    fetcher = Fetcher(logins=request.logins, cafile=request.cafile, cache=Path(request.cache))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for found in pool.map(lambda query: _answer(query, request, fetcher), queries):
            sys.stdout.write(json.dumps(asdict(found)) + "\n")
            sys.stdout.flush()
    return 0


def serve() -> int:
    """Answer, and end at a signal at once: a thread may still wait for a registry."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    return main()


def _answer(query: Query, request: Request, fetcher: Fetcher) -> Found:
    """Answer one query: whatever goes wrong is this package's fault, and the others are answered."""
    scope = query.name.partition("/")[0] if query.name.startswith("@") else ""
    registry = request.scopes.get(scope, request.registry)
    blank = Found(name=query.name, registry=without_login(registry))
    try:
        return _find(query, registry, request, fetcher, blank)
    except RegistryFault as error:
        return replace(blank, error=str(error), is_down=True)
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        return replace(blank, error=f"what the registry says of it cannot be read ({type(error).__name__})")


def _find(query: Query, registry: str, request: Request, fetcher: Fetcher, blank: Found) -> Found:
    page = fetcher.page(registry, query.name)
    if page is None:
        return blank
    versions, times = _table(page.get("versions")), _table(page.get("time"))
    if not versions:
        return blank
    if page.get("name") != query.name:
        return replace(blank, error="the registry answers with another package's name", is_down=True)
    version = _choose(query, page, request)
    if not version:
        return replace(blank, exists=True, error=f"no version of it fits {query.wanted}")
    described = _table(versions[version])
    dist = _table(described.get("dist"))
    found = replace(
        blank,
        exists=True,
        version=version,
        deprecated=str(described.get("deprecated") or ""),
        node=str(_table(described.get("engines")).get("node", "")),
        released=_time(times.get(version)),
        first_released=_first(times),
    )
    if version.endswith(SECURITY_HOLDER):
        return replace(found, faults=("is what the registry put in the place of harmful code",))
    path, sha256, integrity = fetcher.tarball(registry, str(dist.get("tarball", "")), dist)
    found = replace(found, filename=Path(str(dist["tarball"])).name, sha256=sha256, integrity=integrity)
    try:
        inside = look(path, query.name, version)
    except TarballFault as error:
        return replace(found, faults=(f"cannot be looked into: {error}",))
    return replace(
        found,
        held=inside.held(query.subpaths),
        scripts=inside.scripts,
        programs=inside.programs,
        faults=inside.faults,
        doubts=_differences(described, inside),
    )


def _choose(query: Query, page: Mapping[str, Any], request: Request) -> str:
    """Return the version to look at: the wanted one, or the latest that is not fresh.

    Never one that is newer than what the registry calls latest, as npm does.
    """
    versions, times = _table(page.get("versions")), _table(page.get("time"))
    latest = str(_table(page.get("dist-tags")).get("latest", ""))
    if query.wanted in versions:
        return query.wanted
    fitting = [v for v in versions if not query.wanted or semver.satisfies(v, query.wanted)]
    limit = semver.parse(latest)
    if limit is not None:
        older = [v for v in fitting if (parts := semver.parse(v)) and parts <= limit]
        fitting = older or ([] if not query.wanted else fitting)
    stable = [v for v in fitting if not semver.is_prerelease(v)] or fitting
    plain = [v for v in stable if not _table(versions[v]).get("deprecated")] or stable
    before = datetime.fromisoformat(request.now) - timedelta(days=request.release_age_days)
    aged = [v for v in plain if (at := _time(times.get(v))) and datetime.fromisoformat(at) <= before]
    best = latest if latest in plain else semver.newest(plain)
    return best if best in aged or not aged else semver.newest(aged)


def _differences(described: Mapping[str, Any], inside: Inside) -> tuple[str, ...]:
    """Return in what the registry's description and the tarball's own differ: npm goes by the first."""
    fields = ("dependencies", "optionalDependencies", "bin")
    ours = [key for key in fields if _differ(described.get(key), inside.manifest.get(key), described, inside)]
    if ours:
        return (f"the registry says other {', '.join(ours)} of it than its own package.json",)
    return ()


def _differ(one: object, other: object, described: Mapping[str, Any], inside: Inside) -> bool:
    first, second = _table(one), _table(other)
    if not isinstance(one, dict | None) or not isinstance(other, dict | None):
        return False  # `bin` as a word is written as a table by the registry
    both = {
        **_table(described.get("optionalDependencies")),
        **_table(inside.manifest.get("optionalDependencies")),
    }
    # npm lists what is optional among the dependencies, too.
    return {k: v for k, v in first.items() if k not in both} != {
        k: v for k, v in second.items() if k not in both
    }


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(times: Mapping[str, Any]) -> str:
    """Return when the first of all releases was published: `created` alone can be of an older owner."""
    released = [
        at for key, each in times.items() if key not in ("created", "modified") and (at := _time(each))
    ]
    return min(released, default="")


def _time(value: object) -> str:
    """Return an ISO 8601 time that Python reads, in UTC, or ""."""
    try:
        then = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return ""
    return then.replace(tzinfo=then.tzinfo or UTC).isoformat()
