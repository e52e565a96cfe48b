"""The repository that packages are sent to, and the index that says what it has.

The index is asked over HTTP (PEP 503 and 691) with the repository's own login.
A login goes to that host alone and never over an open line; a redirect to
another host counts as "not here": some servers send who asks for what they
lack on to the public index, which is somebody else's answer.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import json
import shlex
import urllib.error
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from ...errors import BuildError, UsageError
from ..artifacts import Source
from . import fetching

SETTING = "repository"  #: as a name it means the one that the settings name
_PAGE_BYTES = 64 * 2**20
_KNOWN = {  # as their owner documents them: name, where to send, where to ask
    "pypi": ("https://upload.pypi.org/legacy/", "https://pypi.org/simple/"),
    "testpypi": ("https://test.pypi.org/legacy/", "https://test.pypi.org/simple/"),
}
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where packages are sent and asked for; `is_from_project`: the project chose it, not the person."""

    name: str
    upload: str
    index: str
    is_from_project: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user's name and password; of a token the user is `__token__`."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """What says it in HTTP (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def named(word: str, source: Source) -> Repository:
    """Return the repository that a word means: pypi, testpypi, `repository`, a name in ~/.pypirc, or a URL.

    Raises
    ------
    UsageError
        It means none, or one to which no token may be sent.
    """
    if word == SETTING:
        chosen = source.setting(SETTING)
        if not chosen:
            fix = "--publish pypi, or --publish URL"
            raise UsageError("no repository is configured", why="build.repository is not set", fix=fix)
        found = named(chosen, source) if chosen != SETTING else _of_url(chosen)
        return Repository(
            name=found.name, upload=found.upload, index=found.index, is_from_project=chosen not in _KNOWN
        )
    if word in _KNOWN:
        upload, index = _KNOWN[word]
        return Repository(name=word, upload=upload, index=index)
    if "://" not in word:
        return _of_url(_in_pypirc(word), word)
    return _of_url(word)


def digests(
    repository: Repository,
    name: str,
    login: Login | None,
    limit: fetching.Limit | None = None,
    *,
    only: Collection[str] | None = None,
) -> Mapping[str, str]:
    """Return the files that the index has of a distribution, each with its SHA-256 as 64 digits.

    Where the index does not say it, the file is read. `limit` is to all that is
    asked; `only` names the files that are wanted.

    Raises
    ------
    BuildError
        It does not answer, or not in time, or not as an index does.
    Cancelled
        The build was stopped.
    """
    from packaging.utils import canonicalize_name

    limit = limit or fetching.Limit.of()
    url = urljoin(repository.index, f"{canonicalize_name(name)}/")
    page = bytearray()

    def take(piece: bytes) -> None:
        page.extend(piece)
        if len(page) > _PAGE_BYTES:
            raise ValueError(f"its page has more than {_PAGE_BYTES:,} bytes")

    try:
        kind, url = _get(url, repository, login, take, limit)
    except fetching.NotThereError:
        return {}
    links = _of_json(bytes(page), url) if "json" in kind else _of_html(bytes(page), url)
    return {
        file: digest or _read_digest(link, repository, login, limit)
        for file, (link, digest) in links.items()
        if only is None or file in only
    }


def _get(
    url: str,
    repository: Repository,
    login: Login | None,
    take: Callable[[bytes], None],
    limit: fetching.Limit,
) -> tuple[str, str]:
    """Hand what a URL answers to `take`; return its content type and where it was found."""
    is_there = login is not None and urlsplit(url)[:2] == urlsplit(repository.index)[:2]
    said = login.header if login is not None and is_there else ""
    headers = {"Accept": _ACCEPT, "Cache-Control": "no-cache"}
    try:
        return fetching.fetch(url, headers, said, take, limit)
    except urllib.error.HTTPError as error:
        raise _silent(repository, f"HTTP {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _silent(repository, str(getattr(error, "reason", error))) from error


def _silent(repository: Repository, why: str) -> BuildError:
    host = urlsplit(repository.index).netloc
    fix = "see whether it answers, and whether the login may read there"
    return BuildError(f"the index of {host} does not say what it has", why=why, fix=fix)


def _read_digest(url: str, repository: Repository, login: Login | None, limit: fetching.Limit) -> str:
    found = hashlib.sha256()
    try:
        _get(url, repository, login, found.update, limit)
    except fetching.NotThereError:
        raise _silent(repository, f"it names {url}, which is not there") from None
    return found.hexdigest()


def _of_json(page: bytes, base: str) -> dict[str, tuple[str, str]]:
    try:
        rows = json.loads(page)["files"]
        return {row["filename"]: (urljoin(base, row["url"]), row["hashes"].get("sha256", "")) for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BuildError(
            "the index answered with no list of files", why=str(error), fix="see the URL"
        ) from error


def _of_html(page: bytes, base: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}

    class Links(HTMLParser):
        """Takes the links."""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            link = dict(attrs).get("href") if tag == "a" else None
            if link:
                url, fragment = urldefrag(urljoin(base, link))
                file = unquote(urlsplit(url).path.rpartition("/")[2])
                found[file] = (url, fragment.removeprefix("sha256=") if "sha256=" in fragment else "")

    Links().feed(page.decode("utf-8", "replace"))
    return found


def _of_url(url: str, name: str = "") -> Repository:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise UsageError("that is no URL of a repository", why=str(error), fix="--publish pypi") from error
    if parts.username or parts.password:
        why = "a command line is for everybody to read"
        fix = "set UV_PUBLISH_TOKEN, or TWINE_USERNAME and TWINE_PASSWORD"
        raise UsageError(f"a login stands in the URL of {host}", why=why, fix=fix)
    if parts.scheme not in ("http", "https") or not host:
        fix = "--publish pypi, testpypi or URL"
        raise UsageError(f"{url!r} is no repository", why="it is no URL of http or https", fix=fix)
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise UsageError(
            f"{host} is asked over an open line",
            why="a token would be sent over it",
            fix=f"--publish {shlex.quote(parts._replace(scheme='https').geturl())}",
        )
    upload = url if url.endswith("/") or "." in parts.path.rpartition("/")[2] else f"{url}/"
    base = upload.removesuffix("legacy/")
    for known, (sent_to, index) in _KNOWN.items():
        if upload == sent_to:
            return Repository(name=name or known, upload=upload, index=index)
    return Repository(name=name or upload, upload=upload, index=urljoin(base, "simple/"))


def _in_pypirc(name: str) -> str:
    """Return the URL that the person's ~/.pypirc gives a name; what else stands there is not read."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(Path.home() / ".pypirc", "utf-8")
    except (
        configparser.Error,
        UnicodeDecodeError,
        OSError,
        RuntimeError,
    ):  # its words would quote a password
        raise UsageError("~/.pypirc cannot be read", fix="mend the file, or --publish URL") from None
    if parser.has_option(name, "repository"):
        return parser.get(name, "repository")
    why = f"there are pypi, testpypi, {SETTING} (of the settings), the names in ~/.pypirc, and URLs"
    raise UsageError(f"there is no repository {name!r}", why=why, fix="--publish URL")
