"""Where what a package needs comes from: a registry, or a tarball that the lock pins; never by git.

For a need by git npm starts git and, in what it fetched, another npm, whose
settings and scripts are that repository's: code of anybody's, with the network
and the person's logins. A tarball at an address is other bytes tomorrow, unless
a lock has its digest. A folder outside of the project is not in the copy that is
built. Pure: tables in, an error out. The kinds are those of npm's own
`package-spec` (https://docs.npmjs.com/cli/v11/using-npm/package-spec).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from posixpath import dirname, join, normpath
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from ...errors import BuildError
from .manifest import NEEDED, set_command, shown, table

Kind: TypeAlias = Literal["registry", "git", "address", "folder"]
_HOSTS = frozenset(
    {"github.com", "www.github.com", "gist.github.com", "gitlab.com", "bitbucket.org", "git.sr.ht"}
)
_GIT = re.compile(
    r"(?i)(?:git[+:@]|git$|ssh:|(?:github|gitlab|bitbucket|gist|sourcehut):|[^\s@/:]+@[^\s@/:]+:)"
)
_FOLDER = re.compile(r"(?i)(?:file:|\.{0,2}/|~/|\.{1,2}$|[a-z]:[\\/])")
_OTHERS = re.compile(
    r"(?i)(?:npm|link|portal|workspace|catalog|patch):"
)  # npm's alias, and what it refuses itself
_ARCHIVE = re.compile(r"(?i)\.(?:tgz|tar\.gz|tar)$")
_MANIFEST = "package.json"
_MOST_DEEP = 64
_WHY: Mapping[Kind, str] = {
    "git": "npm would start git for it, and run what that repository says",
    "address": "what is at that address may be something else tomorrow, and no lock has its digest",
    "folder": "it is outside of the project, and no part of what is built",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """A need: of what, as it is written; the folder of whoever has it, and the file that says so.

    `keys` lead to it in a package.json; there are none to what a lock says.
    """

    name: str
    wanted: str
    place: str
    file: str
    keys: tuple[str, ...] = ()


def refuse(manifest: Mapping[str, object], lock: Mapping[str, object], lock_name: str) -> None:
    """Refuse what npm would get from elsewhere than a registry, here and in what is needed by what is needed.

    Parameters
    ----------
    manifest, lock : mapping
        The package.json and the lock, {} where there is none.
    lock_name : str
        The lock's name, "" where there is none.

    Raises
    ------
    BuildError
        There is such a need; it is named.
    """
    pinned = _pinned(lock)
    for need in (*_needs(manifest, "", _MANIFEST), *_locked(lock, lock_name)):
        kind = kind_of(need.wanted)
        is_fine = (
            kind == "registry"
            or (kind == "address" and need.wanted.startswith("https://") and need.name in pinned)
            or (kind == "folder" and _is_inside(need))
        )
        if not is_fine:
            if need.keys:
                fix = f"{set_command(*need.keys)}, of a registry"
            else:  # what a lock says is somebody else's word: another version of theirs is to be had
                fix = f"npm ls --package-lock-only {shlex.quote(need.name)}, which says what needs it"
            if kind == "address":
                fix = f"npm install --package-lock-only, and commit the lock (https only); or {fix}"
            raise BuildError(
                f"{need.file} needs {need.name} from {shown(_without_login(need.wanted))}",
                why=_WHY[kind],
                fix=fix,
            )


def kind_of(wanted: str) -> Kind:
    """Return where npm would look for what is wanted.

    Examples
    --------
    >>> [kind_of(each) for each in ("^1.2", "npm:pear@1", "user/repo", "git+ssh://git@h/r.git", "../x")]
    ['registry', 'registry', 'git', 'git', 'folder']
    >>> kind_of("https://github.com/user/repo"), kind_of("https://h.example/x.tgz")
    ('git', 'address')
    """
    wanted = wanted.strip()
    if _FOLDER.match(wanted):
        return "folder"
    if _OTHERS.match(wanted):
        return "registry"
    if _GIT.match(wanted):
        return "git"
    if re.match(r"(?i)https?:", wanted):
        parts = urlsplit(wanted)
        segments = [each for each in parts.path.split("/") if each]
        is_hosted = (parts.hostname or "").lower() in _HOSTS and not _ARCHIVE.search(parts.path)
        return "git" if is_hosted and (len(segments) <= 2 or segments[2] == "tree") else "address"
    if "/" in wanted:
        return "git" if wanted.count("/") == 1 and not _ARCHIVE.search(wanted) else "folder"
    if _ARCHIVE.search(wanted):
        return "folder"
    return "address" if "://" in wanted else "registry"


def _needs(data: Mapping[str, object], place: str, file: str) -> Iterator[_Need]:
    for kind in (*NEEDED, "overrides"):
        is_own = not place and file == _MANIFEST
        for need in _texts(table(data, kind), place, file):
            yield replace(need, keys=(kind, *need.keys) if is_own else ())


def _texts(values: Mapping[str, object], place: str, file: str, depth: int = 0) -> Iterator[_Need]:
    """Yield the needs of a table; those of `overrides` may stand in tables of tables."""
    for name, wanted in values.items():
        if isinstance(wanted, str):
            yield _Need(name=name, wanted=wanted, place=place, file=file, keys=(name,))
        elif isinstance(wanted, dict) and depth < _MOST_DEEP:
            for need in _texts(wanted, place, file, depth + 1):
                yield replace(need, keys=(name, *need.keys))


def _locked(lock: Mapping[str, object], file: str) -> Iterator[_Need]:
    """Yield what a lock says: the needs of each package, and where each comes from."""
    for place, entry in table(lock, "packages").items():
        if not isinstance(entry, dict):
            continue
        name = place.rpartition("node_modules/")[2] or "it"
        if place:
            yield _Need(
                name=name, wanted=f"./{place}" if place[0] not in "/~" else place, place="", file=file
            )
        yield from _needs(entry, place, file)
        resolved = entry.get("resolved")
        if isinstance(resolved, str):
            is_link = bool(entry.get("link"))
            wanted = f"./{resolved}" if is_link and not _FOLDER.match(resolved) else resolved
            yield from _from(name, wanted, "" if is_link or kind_of(wanted) == "folder" else place, file)
    yield from _old(table(lock, "dependencies"), file)


def _old(dependencies: Mapping[str, object], file: str, depth: int = 0) -> Iterator[_Need]:
    """Yield where packages come from by a lock of npm 6, which newer ones read, too."""
    for name, entry in dependencies.items():
        if not isinstance(entry, dict) or depth > _MOST_DEEP:
            continue
        for key in ("version", "resolved", "from"):
            wanted = entry.get(key)
            if isinstance(wanted, str):
                bare = wanted.removeprefix(f"{name}@")
                yield from _from(name, bare, "", file)
        yield from _old(table(entry, "dependencies"), file, depth + 1)


def _from(name: str, wanted: str, place: str, file: str) -> Iterator[_Need]:
    """Yield where a locked package comes from, unless it is an address, as those of a registry are."""
    if kind_of(wanted) != "address":
        yield _Need(name=name, wanted=wanted, place=place, file=file)


def _pinned(lock: Mapping[str, object]) -> frozenset[str]:
    """Return the names of packages whose bytes a lock names by a digest, wherever they stand."""
    found: dict[str, bool] = {}
    for place, entry in table(lock, "packages").items():
        name = place.rpartition("node_modules/")[2]
        if isinstance(entry, dict) and name and not entry.get("link"):
            found[name] = found.get(name, True) and bool(entry.get("integrity"))
    return frozenset(name for name, is_pinned in found.items() if is_pinned)


def _is_inside(need: _Need) -> bool:
    path = re.sub(r"(?i)^file:(?://(?=\.))?", "", need.wanted.strip())
    if path.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", path) or "node_modules/" in need.place:
        return False
    whole = normpath(join(need.place, path))
    return whole != ".." and not whole.startswith("../") and not dirname(whole).startswith("..")


def _without_login(wanted: str) -> str:
    return re.sub(r"://[^/\s@]*@", "://", wanted)
