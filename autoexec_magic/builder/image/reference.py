"""Names of images, as registries and engines take them (distribution/reference)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import UsageError

_HOST = r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST = 255  #: characters of a repository's name
_PUBLIC = "docker.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image's name: a repository, with its registry's host before it or without, and a tag or a digest."""

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def host(self) -> str:
        """The registry's host and port; the public one's where none is named."""
        first, slash, _ = self.repository.partition("/")
        return first if slash and _is_host(first) else _PUBLIC

    @property
    def path(self) -> str:
        """The repository's name at its registry."""
        if self.host == _PUBLIC:
            bare = self.repository.removeprefix(f"{_PUBLIC}/")
            return bare if "/" in bare else f"library/{bare}"
        return self.repository.partition("/")[2]


def _is_host(first: str) -> bool:
    """Whether the first part of a name is a host: docker reads `team/web` as one of the public registry's."""
    return first == "localhost" or "." in first or ":" in first


def parse(text: str, what: str = "the image's name") -> Reference:
    """Return what a name means.

    Raises
    ------
    UsageError
        No engine takes such a name.

    Examples
    --------
    >>> parse("registry.example:5000/team/web:1.2")
    Reference(repository='registry.example:5000/team/web', tag='1.2', digest='')
    """
    rest, at, digest = text.partition("@")
    repository, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        repository, colon, tag = rest, "", ""
    if not _REPOSITORY.fullmatch(repository) or len(repository) > _MOST:
        upper = repository.lower() != repository and _REPOSITORY.fullmatch(repository.lower())
        why = "a repository's name has small letters only" if upper else _rule(repository)
        raise UsageError(f"{what} cannot be {text!r}", why=why, fix=f"such as {name_of(repository)}")
    if colon and not _TAG.fullmatch(tag):
        why = "a tag has at most 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two"
        raise UsageError(f"{what} cannot be {text!r}", why=why, fix=f"such as {repository}:{tag_of(tag)}")
    if at and not _DIGEST.fullmatch(digest):
        why, fix = "its digest is no sha256: with 64 digits", f"docker images --digests {repository}"
        raise UsageError(f"{what} cannot be {text!r}", why=why, fix=fix)
    return Reference(repository=repository, tag=tag, digest=digest)


def _rule(repository: str) -> str:
    if len(repository) > _MOST:
        return f"a repository's name has at most {_MOST} characters"
    return "a name's parts have small letters and digits, with single `.`, `_` or `-` between them"


def name_of(text: str) -> str:
    """Return a project's name as the name of a repository; `app` where nothing of it is left.

    Examples
    --------
    >>> name_of("My Project (2)")
    'my-project-2'
    """
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in text.split("/")]
    return "/".join(part for part in parts if part)[:_MOST].rstrip("/-") or "app"


def tag_of(version: str) -> str:
    """Return a version as a tag: `+` is none of its characters.

    Examples
    --------
    >>> tag_of("1.0+local.2")
    '1.0-local.2'
    """
    return re.sub(r"[^A-Za-z0-9_.-]", "-", version).lstrip(".-")[:128] or "0"


def at_registry(registry: str, name: str) -> Reference:
    """Return where an image goes: below `registry`, unless its last part is the image's name already.

    After `https://` or `http://` stands a host, as in any address; a name alone
    is a team's at the public registry.

    Examples
    --------
    >>> at_registry("localhost:5000/team", "web").repository
    'localhost:5000/team/web'
    >>> at_registry("localhost:5000/team/web", "web").repository
    'localhost:5000/team/web'

    Raises
    ------
    UsageError
        It is no registry's name.
    """
    short = name.rpartition("/")[2]
    bare = _without_scheme(registry)
    if ":" in bare.rpartition("/")[2] and "/" in bare:
        fix = "give the tag by --tag"
        raise UsageError(f"the registry cannot be {registry!r}", why="it has a tag", fix=fix)
    whole = bare if bare.rpartition("/")[2] == short and "/" in bare else f"{bare}/{short}"
    return parse(whole, "the registry")


def _without_scheme(registry: str) -> str:
    """Return a registry's name without the scheme, after which it begins with a host.

    Raises
    ------
    UsageError
        It does not, or somebody's login stands there.
    """
    scheme, mark, rest = registry.rpartition("://")
    bare = rest.rstrip("/")
    host = bare.partition("/")[0]
    if "@" in host:
        why = "a login does not stand in an address"
        raise UsageError("the registry cannot be named so", why=why, fix="docker login HOST, and --push HOST")
    if not mark:
        return bare
    if scheme.lower() not in ("http", "https"):
        why = f"registries are not asked by {scheme}"
        raise UsageError(f"the registry cannot be {registry!r}", why=why, fix=f"--push {bare}")
    if not _is_host(host):
        raise UsageError(
            f"the registry cannot be {registry!r}",
            why=f"{host!r} has no dot and no port: engines take it for a team at {_PUBLIC}",
            fix=f"--push {host}:443{bare[len(host) :]}, or without {scheme}:// for {_PUBLIC}",
        )
    return bare
