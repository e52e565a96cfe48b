"""Look at an index from within this process: the quick way, where nothing stands in it.

The finder is right everywhere and takes a fifth of a second to start. What
nearly everybody has, an index that speaks JSON with upload times (PEP 691,
PEP 700) and wants no login, is asked from here, all queries at once, and what
the wheels need is asked for as soon as it is known. It says nothing rather
than something that the finder would not say: whatever is not plain is left to
the finder. The rules of what is chosen are the finder's own (`choice`).
"""

from __future__ import annotations

import functools
import json
import netrc
import os
import select
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import urljoin, urlsplit

from .. import executor
from ..errors import Cancelled
from ..executor.interrupts import noted
from . import session
from .choice import File, aware, choose, fresh_limit
from .closure import needed, query_of
from .installed import versions
from .kept import Store, answer
from .known import normal
from .page import notice_of, refusal_of, status_in
from .patience import Patience, Tell, downloading, nobody_told
from .query import Found, Query, Request
from .session import BeyondError, OfflineError, Session, UnreachableError
from .sources import Sources, without_credentials
from .wheel import Inside, look

JSON = "application/vnd.pypi.simple.v1+json"
THREADS = 8
MAX_PAGE_BYTES = 64 * 2**20
MAX_WHEEL_BYTES = 64 * 2**20  # larger ones are for the finder, which can be ended at any time
PAGE_SECONDS = 30.0
SECONDS = 300.0
MOST_AHEAD = 60
_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tgz")


def suits(sources: Sources, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether these sources need neither login nor proxy nor folder."""
    if sources.find_links or sources.keyring or not sources.indexes:
        return False
    proxies = urllib.request.getproxies()
    for url in sources.indexes:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or not parts.hostname:
            return False
        if (parts.scheme in proxies or "all" in proxies) and not urllib.request.proxy_bypass(parts.hostname):
            return False
        if _has_login(parts.hostname, environment):
            return False
    return True


def ask(
    queries: Sequence[Query],
    request: Request,
    sources: Sources,
    *,
    ahead: bool = False,
    blocked: frozenset[str] = frozenset(),
    cancel: executor.Cancel | None = None,
    tell: Tell = nobody_told,
) -> dict[Query, Found]:
    """Return what can be said of `queries` from here; what is left out is for the finder.

    Parameters
    ----------
    queries : sequence of Query
        What is wanted.
    request : Request
        The finder's request, of which all but the queries is used.
    sources : Sources
        They must suit (`suits`).
    ahead : bool
        Whether to ask for what the wheels need, too; the answers have queries
        of their own.
    blocked : frozenset of str
        Normal names that are not asked for ahead.
    cancel : Cancel, optional
        Ends the search.
    tell : callable, optional
        Told what is waited for, where it takes long.

    Raises
    ------
    Cancelled
        Somebody stopped it.
    """
    work = _Work(request, Session(sources.cert, seconds=session.READ_SECONDS), ahead=ahead, blocked=blocked)
    for query in queries:
        work.add(query)
    workers = [
        threading.Thread(target=work.labour, name="autoexec-quick", daemon=True)
        for _ in range(THREADS if ahead else min(THREADS, len(queries)))
    ]
    asked = executor.Cancel()
    poll = select.poll()
    for each in (work.done, asked, cancel):
        if each is not None:
            poll.register(each, select.POLLIN)
    with noted(asked):
        for worker in workers:
            worker.start()
        _wait(poll, work, tell)
        work.end()
        for worker in workers:
            worker.join(1.0)
    if asked.is_set() or (cancel is not None and cancel.is_set()):
        raise Cancelled("the search for packages was stopped", why="nothing was installed")
    return dict(work.answers)


def _wait(poll: select.poll, work: _Work, tell: Tell) -> None:
    """Wait for the end of all work, and say from time to time what is waited for."""
    until, patience = time.monotonic() + SECONDS, Patience()
    while not poll.poll(1000 * max(0.0, min(patience.seconds, until - time.monotonic()))):
        if time.monotonic() >= until:
            return
        if patience.is_over():
            tell(work.waits_for())


class _Work:
    """Queries that wait, and answers that came; some threads take the one and make the other."""

    def __init__(self, request: Request, session: Session, *, ahead: bool, blocked: frozenset[str]) -> None:
        self.answers: dict[Query, Found] = {}
        self.done = executor.Cancel()
        self._request, self._session, self._ahead = request, session, ahead
        self._store = Store(Path(request.cache))
        self._limit = fresh_limit(request.now, request.release_age_days)
        self._queue: SimpleQueue[Query | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._seen: set[str] = set(blocked)
        self._here = versions()
        self._open = 0
        self._more = MOST_AHEAD
        self._moving: dict[str, tuple[int, int]] = {}

    def waits_for(self) -> str:
        """Return what is being waited for, in a few words."""
        moving = dict(self._moving)
        if not moving:
            return f"still asking {', '.join(map(without_credentials, self._request.indexes))}"
        name = max(moving, key=lambda each: moving[each][1])
        others = f"; and {len(moving) - 1} more" if len(moving) > 1 else ""
        return downloading(name, *moving[name]) + others

    def add(self, query: Query) -> None:
        """Take a query."""
        with self._lock:
            self._seen.add(normal(query.distribution))
            self._open += 1
        self._queue.put(query)

    def end(self) -> None:
        """Let the threads end."""
        self._session.close()
        for _ in range(THREADS):
            self._queue.put(None)

    def labour(self) -> None:
        """Answer until there is nothing left."""
        while (query := self._queue.get()) is not None:
            found = self._answered(query)
            with self._lock:
                if found is not None:
                    self.answers[query] = found
                self._open -= 1
                is_over = self._open == 0
            if is_over:
                self.done.set()

    def _answered(self, query: Query) -> Found | None:
        try:
            return self._found(query)
        except UnreachableError as error:
            return Found(
                distribution=query.distribution,
                error=str(error),
                is_down=True,
                is_unreachable=isinstance(error, OfflineError),
            )
        except (BeyondError, zipfile.BadZipFile, EOFError, OSError, ValueError):
            return None
        except (TypeError, AttributeError, KeyError, IndexError, RecursionError):
            return None  # a page of another shape than it should have: the finder has the words

    def _found(self, query: Query) -> Found:
        from packaging.utils import InvalidName, canonicalize_name

        try:
            name = canonicalize_name(query.distribution, validate=True)
        except InvalidName:
            return Found(distribution=query.distribution)
        for index in self._request.indexes:
            page = _page(self._session, index, name)
            if page is not None:
                return self._best(query, page, index)
        return Found(distribution=query.distribution)

    def _best(self, query: Query, page: _Page, index: str) -> Found:
        status, name = status_in(page.content), query.distribution
        if refusal := refusal_of(name, status):
            return Found(distribution=name, exists=True, index=index, refusal=refusal)
        files = _files(page, normal(name))
        times = {file.filename: file.uploaded for file in files if file.uploaded}
        if files and not times:
            raise BeyondError("somebody else may know the times")
        chosen = choose(query, files, index=index, times=times, ask_times=dict, limit=self._limit)
        if isinstance(chosen, Found):
            return chosen
        path = self._downloaded(chosen.file, page.sizes.get(chosen.file.filename, 0))
        inside = self._store.proof(chosen.file.sha256)
        if inside is None:
            inside = look(path, name)
            self._store.keep_proof(chosen.file.sha256, inside)
        if self._ahead and not inside.faults and not inside.pth:
            self._look_ahead(inside)
        notice = notice_of(name, status)
        return answer(query, chosen, inside, path, index=index, sha256=chosen.file.sha256, notice=notice)

    def _downloaded(self, file: File, size_bytes: int) -> Path:
        kept = self._store.wheels.checked(file.sha256)
        if kept:
            return kept
        if not file.sha256 or not 0 < size_bytes <= MAX_WHEEL_BYTES:
            raise BeyondError("it is large, or nobody says what it is")
        self._moving[file.filename] = 0, size_bytes
        try:
            with self._session.get(file.url) as said:
                if said.status != 200:
                    raise BeyondError(str(said.status))
                body = self._counted(said.body, file.filename, size_bytes)
                path, _ = self._store.wheels.take(
                    body, file.filename, expected=file.sha256, most_bytes=size_bytes
                )
        finally:
            self._moving.pop(file.filename, None)
        return path

    def _counted(self, chunks: Iterable[bytes], name: str, total_bytes: int) -> Iterator[bytes]:
        came = 0
        for chunk in chunks:
            came += len(chunk)
            self._moving[name] = came, total_bytes
            yield chunk

    def _look_ahead(self, inside: Inside) -> None:
        """Ask for what a wheel needs and is not here."""
        for requirement in needed(inside.requires or ()):
            name = normal(requirement.name)
            with self._lock:
                is_new = name not in self._seen and self._more > 0
                self._seen.add(name)
                self._more -= is_new
            if is_new and name not in self._here:
                self.add(query_of(requirement))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A project's page, and how large each file is."""

    url: str
    content: dict[str, Any]
    sizes: dict[str, int]


def _page(session: Session, index: str, name: str) -> _Page | None:
    """Return a project's page, or None where the index does not serve it."""
    with session.get(f"{index.rstrip('/')}/{name}/", accept=JSON) as said:
        if said.status in (404, 410):
            for _ in said.body:
                pass
            return None
        if said.status != 200 or not said.headers.get("content-type", "").lower().startswith(JSON):
            raise BeyondError("no page of JSON")
        until, pieces, size = time.monotonic() + PAGE_SECONDS, [], 0
        for piece in said.body:
            pieces.append(piece)
            size += len(piece)
            if size > MAX_PAGE_BYTES or time.monotonic() > until:
                raise UnreachableError(f"{without_credentials(index)} sends a page of {name} without end")
        content = json.loads(b"".join(pieces))
    if not str(content["meta"]["api-version"]).startswith("1."):
        raise BeyondError("a page of another kind")
    sizes = {row["filename"]: int(row.get("size") or 0) for row in content["files"]}
    return _Page(url=said.url, content=content, sizes=sizes)


def _files(page: _Page, name: str) -> list[File]:
    """Return the files that fit this interpreter, best first, as the finder has them."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    from packaging.version import InvalidVersion, Version

    supported, fits = _supported(), functools.cache(_fits)
    rated: list[tuple[Any, File]] = []
    for row in page.content["files"]:
        filename = row["filename"]
        project: str
        rank, is_wheel = -len(supported) - 1, filename.endswith(".whl")
        build: tuple[int, str] | tuple[()] = ()
        try:
            if is_wheel:
                tags = _tags(filename)
                rank = max((supported.get(tag, rank) for tag in tags), default=rank)
                if rank <= -len(supported) - 1 or not fits(row.get("requires-python") or ""):
                    continue
                project, version, build, _ = parse_wheel_filename(filename)
            else:
                stem = next((filename.removesuffix(end) for end in _ENDINGS if filename.endswith(end)), "")
                project, _, text = stem.rpartition("-")
                if normal(project) != name or not fits(row.get("requires-python") or ""):
                    continue
                version = Version(text)
        except (InvalidWheelFilename, InvalidVersion):
            continue
        if normal(project) == name:
            file = _file(row, page.url, str(version), is_wheel=is_wheel)
            rated.append(((not file.is_yanked, version, rank, build), file))
    return [file for _, file in sorted(rated, key=lambda pair: pair[0], reverse=True)]


def _file(row: Mapping[str, Any], base: str, version: str, *, is_wheel: bool) -> File:
    uploaded = row.get("upload-time")
    return File(
        filename=row["filename"],
        url=urljoin(base, row["url"]).partition("#")[0],
        version=version,
        sha256=str(row["hashes"].get("sha256", "")),
        is_wheel=is_wheel,
        is_yanked=bool(row.get("yanked")),
        uploaded=aware(datetime.fromisoformat(uploaded)) if uploaded else None,
    )


def _tags(filename: str) -> list[str]:
    """Return the tags of a wheel's name (PEP 425, compressed sets), not checked."""
    parts = filename[:-4].split("-")
    if len(parts) not in (5, 6):
        return []
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    return [f"{python}-{abi}-{place}" for python in pythons for abi in abis for place in platforms]


@functools.cache
def _supported() -> dict[str, int]:
    """Return this interpreter's tags with their rank, the best one 0."""
    from packaging.tags import sys_tags

    found: dict[str, int] = {}
    for rank, tag in enumerate(sys_tags()):
        found.setdefault(str(tag), -rank)
    return found


def _fits(requires_python: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if not requires_python:
        return True
    try:
        return SpecifierSet(requires_python).contains(".".join(map(str, sys.version_info[:3])))
    except InvalidSpecifier:
        return False


def _has_login(host: str, environment: Mapping[str, str]) -> bool:
    """Whether a login may be on file for `host`; a file that cannot be read may have one."""
    given = environment.get("NETRC")
    for path in [Path(given)] if given else [Path.home() / ".netrc", Path.home() / "_netrc"]:
        try:
            if netrc.netrc(path).authenticators(host):
                return True
        except FileNotFoundError:
            continue
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            return True
    return False
