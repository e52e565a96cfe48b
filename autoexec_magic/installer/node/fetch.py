"""HTTP to a registry: a page about a package, a tarball; bounded in time and size.

TLS is always verified; without it only this machine itself is asked. A login
goes to the addresses it was given for and nowhere else, also after a redirect.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import os
import ssl
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from .settings import without_login

REQUEST_SECONDS = 10.0  # without a byte
WHOLE_SECONDS = 120.0  # of one answer
MOST_PAGE_BYTES = 128 * 2**20  # the longest histories have some 30 MiB
MOST_TARBALL_BYTES = 512 * 2**20
_CHUNK = 2**17
_ABSENT = (404, 410)


class RegistryFault(Exception):
    """The registry did not answer as one should; the text says which and how."""


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
        self._logins = logins
        self._cache = cache
        context = ssl.create_default_context(cafile=cafile or None)
        handlers = (urllib.request.HTTPSHandler(context=context), _Redirects(logins))
        self._opener = urllib.request.build_opener(*handlers)

    def page(self, registry: str, name: str) -> dict[str, Any] | None:
        """Return what a registry says of a package, or None where it has none of that name.

        Raises
        ------
        RegistryFault
            It is neither a page nor "there is no such package".
        """
        url = registry + quote(name, safe="@")
        shown = without_login(registry)
        chunks = []
        try:
            for chunk in self._read(url, shown, MOST_PAGE_BYTES, "application/json"):
                chunks.append(chunk)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _ABSENT:
                return None
            login = "; npm login" if error.code in (401, 403) else ""
            raise RegistryFault(f"{shown} answered {error.code}{login}") from error
        try:
            found = json.loads(b"".join(chunks))
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
        except urllib.error.HTTPError as error:
            error.close()
            raise RegistryFault(f"{shown} answered {error.code} for the tarball") from error
        finally:
            Path(part).unlink(missing_ok=True)
        return kept, sha256, integrity

    def _read(self, url: str, shown: str, most_bytes: int, accept: str) -> Iterator[bytes]:
        """Yield an answer's bytes, unzipped where they are sent so."""
        if not is_private(url):
            raise RegistryFault(f"{without_login(url)} has no TLS, and anybody on the way could answer")
        headers = {"Accept": accept, "Accept-Encoding": "gzip" if accept != "*/*" else "identity"}
        request = urllib.request.Request(_bare(url), headers=headers)
        login = login_for(url, self._logins)
        if login:
            request.add_unredirected_header("Authorization", login)
        until = time.monotonic() + WHOLE_SECONDS
        size = 0
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                is_zipped = response.headers.get("Content-Encoding") == "gzip"
                for chunk in _unzipped(response, is_zipped=is_zipped):
                    size += len(chunk)
                    if size > most_bytes:
                        raise RegistryFault(f"{shown} sends more than {most_bytes >> 20} MiB")
                    if time.monotonic() > until:
                        raise RegistryFault(f"{shown} takes longer than {WHOLE_SECONDS:g} s for one answer")
                    yield chunk
        except urllib.error.HTTPError:
            raise
        except (TimeoutError, urllib.error.URLError, OSError, HTTPException, zlib.error) as error:
            raise RegistryFault(f"{shown} {_said(error)}") from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to private addresses; a login goes along only where it belongs."""

    max_redirections = 5

    def __init__(self, logins: Mapping[str, str]) -> None:
        self._logins = logins

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request that follows."""
        if not is_private(newurl):
            raise RegistryFault(f"{without_login(req.full_url)} sends on to an address without TLS")
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        login = login_for(newurl, self._logins)
        if following is not None and login:
            following.add_unredirected_header("Authorization", login)
        return following


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


def _unzipped(response: Any, *, is_zipped: bool) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=31)
    while chunk := response.read(_CHUNK):
        if not is_zipped:
            yield chunk
            continue
        while chunk:
            yield unzip.decompress(chunk, _CHUNK)
            chunk = unzip.unconsumed_tail


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"did not answer within {REQUEST_SECONDS:g} s"
    if isinstance(reason, ssl.SSLError):
        return f"has no certificate that is trusted here ({reason.reason or 'TLS'})"
    return f"cannot be reached ({type(reason).__name__})"


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
