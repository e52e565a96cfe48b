"""Find a distribution's best wheel, download it, look inside. Runs in a child.

It reads one request as JSON from its standard input and writes one line of
JSON for each distribution, and one now and then of a download that takes long.
In a child, because the libraries it needs have no place in the user's kernel,
a hanging index can be ended, and the index's credentials stay off every
command line. Nothing of a wheel is installed, imported or run here. The
package does not import this module, so that it can be run by its name.

Sources are asked in order, and the first that serves a name is the only one
asked: a name that a private index serves never falls through to the public one.
"""

from __future__ import annotations

import errno
import json
import logging
import signal
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from .choice import File, aware, choose, fresh_limit
from .kept import Store, answer
from .page import IndexFault, IndexUnreachable, Shelf, download, notice_of, refusal_of, without_logins
from .query import TOLD, Found, Query, Request
from .wheel import look

MAX_WHEEL_BYTES = 1024 * 2**20
REQUEST_SECONDS = 10.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def main() -> int:
    """Answer the request on standard input."""
    import unearth.auth

    logging.getLogger("unearth").setLevel(logging.CRITICAL)  # what it would say is in the answers
    request = _request(json.load(sys.stdin))
    if not request.keyring:
        unearth.auth.KEYRING_DISABLED = True  # which might ask a person to unlock it
    dead: dict[str, str] = {}  # whoever was not reached once is not waited for again
    for query in request.queries:
        sys.stdout.write(json.dumps(asdict(_answer(query, request, dead))) + "\n")
        sys.stdout.flush()
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(json.dumps({TOLD: text}) + "\n")
    sys.stdout.flush()


def _request(fields: dict[str, Any]) -> Request:
    queries = tuple(Query(**{**query, "modules": tuple(query["modules"])}) for query in fields.pop("queries"))
    return Request(queries=queries, **{name: _tuple(value) for name, value in fields.items()})


def _answer(query: Query, request: Request, dead: dict[str, str]) -> Found:
    """Answer one query: whatever goes wrong is this project's fault, and the others are answered."""
    import httpx2

    name = query.distribution
    try:
        return _find(query, request, dead)
    except IndexUnreachable as fault:
        return Found(distribution=name, error=str(fault), is_down=True, is_unreachable=True)
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
        if isinstance(error, OSError) and error.errno in _FULL:
            text = f"{request.cache} takes no more files: {error.strerror}"
            return Found(distribution=name, error=text, is_full=True)
        return Found(distribution=name, error=without_logins(f"{type(error).__name__}: {error}"))
    except (TypeError, AttributeError, KeyError, RecursionError) as error:
        # unearth believes a page's JSON to be of the right shape, and fails in these ways where it is not.
        text = f"the index's page of {name} is broken ({type(error).__name__}: {without_logins(str(error))})"
        return Found(distribution=name, error=text)


def _find(query: Query, request: Request, dead: dict[str, str]) -> Found:
    from packaging.utils import InvalidName, canonicalize_name

    try:
        canonicalize_name(query.distribution, validate=True)
    except InvalidName:
        return Found(distribution=query.distribution)
    links = [("", request.find_links)] if request.find_links else []
    for index, folders in [*links, *((url, ()) for url in request.indexes)]:
        with Shelf(index, folders, REQUEST_SECONDS).opened() as shelf:
            files = _files(shelf, query.distribution, dead)
            if files is not None:
                return _best(query, request, shelf, files)
    return Found(distribution=query.distribution)


def _files(shelf: Shelf, distribution: str, dead: dict[str, str]) -> list[File] | None:
    import httpx2

    if shelf.url in dead:
        raise IndexUnreachable(dead[shelf.url])
    try:
        return shelf.files(distribution)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        said = without_logins(str(error)) or type(error).__name__
        dead[shelf.url] = f"{shelf.shown} could not be reached: {said}"
        raise IndexUnreachable(dead[shelf.url]) from error


def _best(query: Query, request: Request, shelf: Shelf, files: Sequence[File]) -> Found:
    """Answer from the one index that serves the name."""
    refusal = refusal_of(query.distribution, shelf.status)
    if refusal:
        return Found(distribution=query.distribution, exists=True, index=shelf.shown, refusal=refusal)
    chosen = choose(
        query,
        files,
        index=shelf.shown,
        times={file.filename: file.uploaded for file in files if file.uploaded},
        ask_times=lambda: _times_beside(shelf, query.distribution),
        limit=fresh_limit(request.now, request.release_age_days),
    )
    if isinstance(chosen, Found):
        return chosen
    cache = Path(request.cache)
    path, digest = download(shelf, chosen.file, cache, most_bytes=MAX_WHEEL_BYTES, tell=_tell)
    inside = look(path, query.distribution)
    Store(Path(request.cache)).keep_proof(digest, inside)
    notice = notice_of(query.distribution, shelf.status)
    return answer(query, chosen, inside, path, index=shelf.shown, sha256=digest, notice=notice)


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
            file["filename"]: aware(datetime.fromisoformat(file["upload_time_iso_8601"])) for file in files
        }
    except (ValueError, KeyError, TypeError, AttributeError, httpx2.HTTPError):
        # Another kind of server has anything at all in that place: then nothing is known of times.
        return {}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def serve() -> int:
    """Run as a child: a request to end leaves no half file."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    return main()


if __name__ == "__main__":
    sys.exit(serve())
