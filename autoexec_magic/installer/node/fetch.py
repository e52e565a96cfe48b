"""HTTP to a registry: a page about a package, a tarball; bounded in time and size.

TLS is always verified; without it only this machine itself is asked. A login
goes to the addresses it was given for and nowhere else, also after a redirect.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
import json
import os
import ssl
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from .settings import without_login

if TYPE_CHECKING:
    import httpx2

REQUEST_SECONDS = 10.0  # without a byte
WHOLE_SECONDS = 120.0  # of one answer
MOST_PAGE_BYTES = 128 * 2**20  # the longest histories have some 30 MiB
MOST_TARBALL_BYTES = 512 * 2**20
_CHUNK = 2**17
_ABSENT = (404, 410)
_MOST_REDIRECTS = 5


class RegistryFault(Exception):
    """The registry did not answer as one should; the text says which and how.

    `status` is the answer's, where there was one.
    """

    def __init__(self, text: str, *, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Fetcher:
    """Asks registries.

    Parameters
    ----------
    logins : mapping of str to str
        The start of an address, from `//` on, and the `Authorization` for it.
    cafile : str
        A file of certificates to trust, or "" for the machine's.
    cache : Path
        A folder for tarballs.
    """

    def __init__(self, *, logins: Mapping[str, str], cafile: str, cache: Path) -> None:
        import httpx2

        self._logins = logins
        self._cache = cache
        # One client for all threads: it keeps connections, whose making costs more than most answers.
        context = ssl.create_default_context(cafile=cafile or None)
        self._client = httpx2.Client(verify=context, timeout=REQUEST_SECONDS, follow_redirects=False)

    def page(self, registry: str, name: str) -> dict[str, Any] | None:
        """Return what a registry says of a package, or None where it has none of that name.

        Raises
        ------
        RegistryFault
            It is neither a page nor "there is no such package".
        """
        url = registry + quote(name, safe="@")
        shown = without_login(registry)
        try:
            content = b"".join(self._read(url, shown, MOST_PAGE_BYTES, "application/json"))
        except RegistryFault as fault:
            if fault.status in _ABSENT:
                return None
            raise
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise RegistryFault(f"{shown} answered with something that is no page about a package") from error
        if not isinstance(found, dict):
            raise RegistryFault(f"{shown} answered with something that is no page about a package")
        return found

    def tarball(self, registry: str, address: str, dist: Mapping[str, Any]) -> tuple[Path, str, str]:
        """Return a tarball's file in the cache, its SHA-256 and its integrity (`sha512-…`).

        Raises
        ------
        RegistryFault
            It cannot be had, has no SHA-512, or is not what the registry says.
        """
        shown = without_login(registry)
        integrity = _sha512(str(dist.get("integrity", "")))
        if not integrity:
            raise RegistryFault(f"{shown} gives no SHA-512 of the tarball")
        url = urljoin(registry, address)
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = self._cache / f"{base64.b64decode(integrity.partition('-')[2]).hex()}.tgz"
        if kept.is_file():
            sha256, found = _digests(kept)
            if found == integrity:
                return kept, sha256, integrity
        descriptor, part = tempfile.mkstemp(dir=self._cache, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in self._read(url, shown, MOST_TARBALL_BYTES, "*/*"):
                    file.write(chunk)
            sha256, found = _digests(Path(part))
            if found != integrity:
                raise RegistryFault(
                    f"{shown} sends a tarball that is not the one it names (its SHA-512 differs)"
                )
            Path(part).replace(kept)
        finally:
            Path(part).unlink(missing_ok=True)
        return kept, sha256, integrity

    def _read(self, url: str, shown: str, most_bytes: int, accept: str) -> Iterator[bytes]:
        """Yield an answer's bytes, unzipped where they are sent so."""
        import httpx2

        until = time.monotonic() + WHOLE_SECONDS
        size = 0
        try:
            with self._answer(url, shown, accept) as response:
                for chunk in response.iter_bytes(_CHUNK):
                    size += len(chunk)
                    if size > most_bytes:
                        raise RegistryFault(f"{shown} sends more than {most_bytes >> 20} MiB")
                    if time.monotonic() > until:
                        raise RegistryFault(f"{shown} takes longer than {WHOLE_SECONDS:g} s for one answer")
                    yield chunk
        except httpx2.TimeoutException as error:
            raise RegistryFault(f"{shown} did not answer within {REQUEST_SECONDS:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise RegistryFault(f"{shown} cannot be reached ({type(error).__name__})") from error

    @contextlib.contextmanager
    def _answer(self, url: str, shown: str, accept: str) -> Iterator[httpx2.Response]:
        """Ask, follow redirects to private addresses, and pass on an answer that is one."""
        headers = {"Accept": accept, "Accept-Encoding": "gzip" if accept != "*/*" else "identity"}
        for _ in range(_MOST_REDIRECTS):
            if not is_private(url):
                raise RegistryFault(f"{without_login(url)} has no TLS, and anybody on the way could answer")
            login = login_for(url, self._logins)
            more = {"Authorization": login} if login else {}
            with self._client.stream("GET", _bare(url), headers=headers | more, auth=None) as response:
                if response.has_redirect_location:
                    url = urljoin(url, response.headers["Location"])
                    continue
                if response.status_code != 200:
                    hint = "; npm login" if response.status_code in (401, 403) else ""
                    text = f"{shown} answered {response.status_code}{hint}"
                    raise RegistryFault(text, status=response.status_code)
                yield response
                return
        raise RegistryFault(f"{shown} sends on and on")


def login_for(url: str, logins: Mapping[str, str]) -> str:
    """Return the `Authorization` for an address, or "": that of the longest place it lies below.

    Examples
    --------
    >>> login_for("https://host/npm/x", {"//host/npm/": "Bearer a", "//host/": "Bearer b"})
    'Bearer a'
    >>> login_for("https://host.evil/npm/x", {"//host/npm/": "Bearer a"})
    ''
    """
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    if user:
        return f"Basic {base64.b64encode(user.encode()).decode()}"
    place = f"//{parts.netloc}{parts.path}"
    if ".." in parts.path.split("/"):
        return ""
    fitting = [start for start in logins if place.startswith(start)]
    return logins[max(fitting, key=len)] if fitting else ""


def is_private(url: str) -> bool:
    """Whether nobody on the way can change what `url` answers."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _sha512(integrity: str) -> str:
    """Return the SHA-512 of an integrity that may name several digests (Subresource Integrity)."""
    for word in integrity.split():
        kind, _, value = word.partition("?")[0].partition("-")
        try:
            if kind == "sha512" and len(base64.b64decode(value, validate=True)) == 64:
                return f"sha512-{value}"
        except ValueError:
            continue
    return ""


def _digests(path: Path) -> tuple[str, str]:
    """Return a file's SHA-256 in hexadecimal, and its integrity."""
    one, other = hashlib.sha256(), hashlib.sha512()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            one.update(chunk)
            other.update(chunk)
    return one.hexdigest(), f"sha512-{base64.b64encode(other.digest()).decode()}"
