"""Ask one index for one project's page, and take a wheel from it.

unearth only logs what an index answers, so that a server's fault would read as
"no such project", and the question would go on to the next index. Here only a
404 or a 410 is "not served"; a page is an answer, whatever stands on it; all
else is an `IndexFault`.
"""

from __future__ import annotations

import contextlib
import functools
import html
import ipaddress
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit

from .choice import File, aware
from .patience import Tell, nobody_told, watched
from .sources import without_credentials
from .wheels import Wheels

if TYPE_CHECKING:
    import httpx2
    from unearth import Package, PackageFinder
    from unearth.fetchers import Fetcher

CHUNK_BYTES = 2**18
MOST_PAGE_BYTES = 64 * 2**20
PAGE_SECONDS = 60.0
MOST_REDIRECTS = 5
CONNECT_SECONDS = 3.0  # whoever is offline is told within 5
_ABSENT = (404, 410)
_NETWORK = ("http", "https")
_ENCODINGS = ("", "identity", "gzip", "deflate")  # one, never several: each unpacks a thousandfold
_PAGES = ("text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json")
_META = re.compile(r'<meta\s+name="pypi:(project-status(?:-reason)?)"\s+content="([^"]*)"', re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


class IndexFault(Exception):
    """An index did not answer as one; the text names it, without credentials."""


class IndexUnreachable(IndexFault):
    """An index was not even reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """What an index says of a project as a whole (PEP 792); `word` is "" for nothing."""

    word: str = ""
    reason: str = ""


class Shelf:
    """What one index, or one set of find-links, has.

    Parameters
    ----------
    index : str
        URL of a simple index, or "" for `links`.
    links : sequence of str
        Folders and pages of wheels.
    seconds : float
        Limit of each wait for the network.
    """

    def __init__(self, index: str, links: Sequence[str], seconds: float) -> None:
        self.url = index or links[0]
        self.shown = without_credentials(self.url)
        self._answers: list[tuple[int, str]] = []
        self._index, self._links, self._seconds = index, links, seconds
        self._finder: PackageFinder | None = None
        self._page: httpx2.Response | None = None
        self.status = ProjectStatus()

    @contextlib.contextmanager
    def opened(self) -> Iterator[Shelf]:
        """Keep a session while the block runs."""
        import httpx2
        from unearth import PackageFinder
        from unearth.auth import MultiDomainBasicAuth
        from unearth.fetchers import PyPIClient

        for url in (self._index, *self._links):
            if not is_private(url):
                shown = without_credentials(url)
                raise IndexFault(f"{shown} has no TLS, and anybody on the way could answer: use https")
        urls = [self._index] if self._index else []
        options: Any = {"follow_redirects": True, "max_redirects": MOST_REDIRECTS}
        limits = httpx2.Timeout(self._seconds, connect=min(self._seconds, CONNECT_SECONDS))
        options["headers"] = {"Accept-Encoding": "gzip"}
        with PyPIClient(timeout=limits, event_hooks={"response": [self._note]}, **options) as session:
            session.auth = MultiDomainBasicAuth(prompting=False, index_urls=urls)
            fetcher = cast("Fetcher", session)  # a Client takes more than the protocol asks for
            self._finder = PackageFinder(fetcher, index_urls=urls, find_links=self._links)
            yield self

    @property
    def session(self) -> Any:
        """The HTTP session."""
        assert self._finder is not None
        return self._finder.session

    def files(self, distribution: str) -> list[File] | None:
        """Return a project's files that fit this interpreter, best first, or None if it is not served.

        `status` is afterwards what the index says of the project as a whole.

        Raises
        ------
        IndexFault
            It is neither a page nor "there is no such project".
        """
        assert self._finder is not None
        self._answers.clear()
        self.status = ProjectStatus()
        found = list(self._finder.find_all_packages(distribution, allow_yanked=True))
        for status, kind in self._answers[-1:]:
            if status in _ABSENT:
                return None
            if status != 200:
                raise IndexFault(f"{self.shown} answered {status}")
            if not kind.lower().startswith(_PAGES):
                raise IndexFault(
                    f"{self.shown} answered with {kind or 'nothing'} in place of a page of files"
                )
        if self._page is not None and self._answers:
            self.status = status_of(self._page.headers.get("Content-Type", ""), self._page.text)
        return [_file(package) for package in found] if self._answers or found else None

    def _note(self, response: httpx2.Response) -> None:
        """Take an answer before its content is read, which has a limit from here on."""
        if response.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
            raise IndexFault(f"{self.shown} answered in an encoding that nobody asked for")
        response.read = functools.partial(_read, response, self.shown)  # type: ignore[method-assign]
        if response.has_redirect_location:
            onwards = urljoin(str(response.url), response.headers["Location"])
            if urlsplit(onwards).scheme not in _NETWORK:
                raise IndexFault(f"{self.shown} sends on to something that is no address of the network")
            if not is_private(onwards):
                raise IndexFault(f"{self.shown} sends on to {without_credentials(onwards)}, which has no TLS")
            return
        self._answers.append((response.status_code, response.headers.get("Content-Type", "")))
        self._page = response


def status_of(kind: str, text: str) -> ProjectStatus:
    """Return what a page of the content type `kind` says of its project (PEP 792).

    Examples
    --------
    >>> status_of("text/html", '<meta name="pypi:project-status" content="archived">').word
    'archived'
    """
    if "json" in kind:
        try:
            return status_in(json.loads(text))
        except ValueError:
            return ProjectStatus()
    told = {key: html.unescape(value) for key, value in _META.findall(text)}
    return ProjectStatus(word=told.get("project-status", ""), reason=told.get("project-status-reason", ""))


def status_in(page: object) -> ProjectStatus:
    """Return what a page of JSON says of its project (PEP 792)."""
    told = page.get("project-status") if isinstance(page, dict) else None
    told = told if isinstance(told, dict) else {"status": told}
    word, reason = (told.get(key) for key in ("status", "reason"))
    return ProjectStatus(
        word=word if isinstance(word, str) else "", reason=reason if isinstance(reason, str) else ""
    )


def refusal_of(distribution: str, status: ProjectStatus) -> str:
    """Return why a project may not be installed at all, or ""."""
    if status.word.casefold() != "quarantined":
        return ""
    return f"the index has {distribution} in quarantine" + (f": {status.reason}" if status.reason else "")


def notice_of(distribution: str, status: ProjectStatus) -> str:
    """Return what a person should know of a project, or ""."""
    if status.word.casefold() in ("", "active"):
        return ""
    return f"the project {distribution} is {status.word}" + (f": {status.reason}" if status.reason else "")


def download(
    shelf: Shelf, file: File, cache: Path, *, most_bytes: int, tell: Tell = nobody_told
) -> tuple[Path, str]:
    """Return a wheel's file in the cache and the SHA-256 of its bytes; `tell` hears how far it is.

    Raises
    ------
    ValueError
        It is too large, or not the file that the index names.
    """
    wheels = Wheels(cache)
    if urlsplit(shelf.url).scheme in _NETWORK and urlsplit(file.url).scheme not in _NETWORK:
        # What is on this machine is not for a page from elsewhere to name.
        raise ValueError(
            f"{shelf.shown} names something for {file.filename} that is no address of the network"
        )
    kept = wheels.checked(file.sha256) if file.sha256 else None
    if kept:
        return kept, file.sha256
    if not file.sha256 and not is_private(file.url):
        raise ValueError(f"{file.filename} would come without TLS and without a hash")
    with shelf.session.get_stream(file.url) as response:
        response.raise_for_status()
        given = response.headers.get("Content-Length", "")
        total_bytes = int(given) if given.isascii() and given.isdigit() else 0
        chunks = watched(response.iter_bytes(CHUNK_BYTES), file.filename, total_bytes, tell)
        return wheels.take(chunks, file.filename, expected=file.sha256, most_bytes=most_bytes)


def without_logins(text: str) -> str:
    """Return `text` with user and password taken out of every address.

    Examples
    --------
    >>> without_logins("404 for url 'https://token@host/simple'")
    "404 for url 'https://host/simple'"
    """
    return _LOGIN.sub("", text)


def is_private(url: str) -> bool:
    """Whether nobody on the way can change what `url` answers."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return True
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: httpx2.Response, shown: str) -> bytes:
    """Read a page, of bounded size and in bounded time, also where little comes that unpacks to much."""
    if not hasattr(response, "_content"):
        until, pieces, size = time.monotonic() + PAGE_SECONDS, [], 0
        for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > MOST_PAGE_BYTES or time.monotonic() > until:
                raise IndexFault(f"{shown} sends a page without end")
        response._content = b"".join(pieces)
    return response._content


def _file(package: Package) -> File:
    link = package.link
    hashes = link.hash_option or {}
    return File(
        filename=link.filename,
        url=link.url_without_fragment,
        version=str(package.version),
        sha256=next(iter(hashes.get("sha256", ())), ""),
        is_wheel=link.is_wheel,
        is_yanked=bool(link.is_yanked),
        uploaded=aware(link.upload_time) if link.upload_time else None,
    )
