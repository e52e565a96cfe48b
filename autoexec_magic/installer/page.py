"""Ask one index for one project's page, and take a wheel from it.

unearth only logs what an index answers, so that a server's fault would read as
"no such project", and the question would go on to the next index. Here only a
404 or a 410 is "not served"; a page is an answer, whatever stands on it; all
else is an `IndexFault`.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urljoin, urlsplit

from .sources import without_credentials

if TYPE_CHECKING:
    import httpx2
    from unearth import Package, PackageFinder
    from unearth.fetchers import Fetcher

CHUNK_BYTES = 2**18
MOST_REDIRECTS = 5
_ABSENT = (404, 410)
_PAGES = ("text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json")
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


class IndexFault(Exception):
    """An index did not answer as one; the text names it, without credentials."""


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

    @contextlib.contextmanager
    def opened(self) -> Iterator[Shelf]:
        """Keep a session while the block runs."""
        from unearth import PackageFinder
        from unearth.auth import MultiDomainBasicAuth
        from unearth.fetchers import PyPIClient

        for url in (self._index, *self._links):
            if not _is_private(url):
                shown = without_credentials(url)
                raise IndexFault(f"{shown} has no TLS, and anybody on the way could answer: use https")
        urls = [self._index] if self._index else []
        options: Any = {"follow_redirects": True, "max_redirects": MOST_REDIRECTS}
        with PyPIClient(timeout=self._seconds, event_hooks={"response": [self._note]}, **options) as session:
            session.auth = MultiDomainBasicAuth(prompting=False, index_urls=urls)
            fetcher = cast("Fetcher", session)  # a Client takes more than the protocol asks for
            self._finder = PackageFinder(fetcher, index_urls=urls, find_links=self._links)
            yield self

    @property
    def session(self) -> Any:
        """The HTTP session."""
        assert self._finder is not None
        return self._finder.session

    def packages(self, distribution: str) -> list[Package] | None:
        """Return a project's files that fit this interpreter, best first, or None if it is not served.

        Raises
        ------
        IndexFault
            It is neither a page nor "there is no such project".
        """
        assert self._finder is not None
        self._answers.clear()
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
        return found if self._answers or found else None

    def _note(self, response: httpx2.Response) -> None:
        if response.has_redirect_location:
            onwards = urljoin(str(response.url), response.headers["Location"])
            if not _is_private(onwards):
                raise IndexFault(f"{self.shown} sends on to {without_credentials(onwards)}, which has no TLS")
            return
        self._answers.append((response.status_code, response.headers.get("Content-Type", "")))


def download(shelf: Shelf, package: Package, cache: Path, *, most_bytes: int) -> tuple[Path, str]:
    """Return a wheel's file in the cache and the SHA-256 of its bytes.

    Raises
    ------
    ValueError
        It is too large, or not the file that the index names.
    """
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = package.link.filename
    expected = _expected(package)
    kept = cache / f"{expected}-{name}"
    if expected and kept.is_file() and _digest(kept) == expected:
        return kept, expected
    if not expected and not _is_private(package.link.url_without_fragment):
        raise ValueError(f"{name} would come without TLS and without a hash")
    descriptor, part = tempfile.mkstemp(dir=cache, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest = _copy(shelf, package, file, most_bytes)
        if expected and digest != expected:
            raise ValueError(f"{name} is not the file that the index names (its SHA-256 differs)")
        kept = cache / f"{digest}-{name}"
        Path(part).replace(kept)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return kept, digest


def without_logins(text: str) -> str:
    """Return `text` with user and password taken out of every address.

    Examples
    --------
    >>> without_logins("404 for url 'https://token@host/simple'")
    "404 for url 'https://host/simple'"
    """
    return _LOGIN.sub("", text)


def _is_private(url: str) -> bool:
    """Whether nobody on the way can change what `url` answers."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return True
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _copy(shelf: Shelf, package: Package, file: BinaryIO, most_bytes: int) -> str:
    digest, size = hashlib.sha256(), 0
    with shelf.session.get_stream(package.link.url_without_fragment) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes(CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise ValueError(f"{package.link.filename} is larger than {most_bytes >> 20} MiB")
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
