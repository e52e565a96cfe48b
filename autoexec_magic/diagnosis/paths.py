"""Files that are not there, and where they may be.

The disk is asked through `Around.list_folder` only. What is looked at: the
folders that the path names, the folder it was looked up from, the workspace
and its first folders.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from autoexec_magic.values import Action

from .around import Around
from .nearest import nearest
from .rows import Said, Seen

_MOST = 40  # folders that are looked into
_HELD = 2000  # names of a folder that are looked at
_LONGEST = 1000  # characters of a path that is looked for
_HIDDEN = (".", "__pycache__", "node_modules")


def missing_file(said: Said, seen: Seen, around: Around) -> Said:
    """Explain `No such file or directory: 'path'`, with the nearest path that exists."""
    shown = said.why.partition(": ")[2]
    if not shown:
        return said
    path = _path_of(shown)
    is_relative = shown[1:2] != "/"
    fix = f"check the path {shown}: it is looked up from the working directory"
    said = said._replace(fix=fix if is_relative else f"check that {shown} exists and how it is spelled")
    if path.startswith("~"):
        return said._replace(fix=f"write os.path.expanduser({shown}): open() knows no ~")
    if not path or not around.folder or len(path) > _LONGEST:
        return said
    return _found_elsewhere(said, path, around) or _nearest(said, path, around)


def _found_elsewhere(said: Said, path: str, around: Around) -> Said | None:
    """Return what to do where the same path exists from another folder."""
    if path.startswith("/"):
        return None
    for folder in _folders(around):
        if folder != around.folder and _exists(posixpath.join(folder, path), around):
            shown = posixpath.relpath(folder, around.folder)
            return said._replace(
                fix=f"run it in {shown}, or write {posixpath.normpath(posixpath.join(shown, path))!r}",
                evidence=(f"{path} is there, seen from {shown}", *said.evidence),
                action=Action(kind="folder", values=(folder,)),
            )
    return None


def _nearest(said: Said, path: str, around: Around) -> Said:
    """Return the same with the first part of the path that is not there, and what is near it."""
    whole = posixpath.normpath(posixpath.join(around.folder, path))
    there, rest = "/", whole.strip("/").split("/")
    while rest and rest[0] in _names(there, around):
        there = posixpath.join(there, rest.pop(0))
    if not rest:
        return said
    missing, *below = rest
    names = _names(there, around)
    found, is_clear = nearest(missing, names)
    near = [name for name in found if not below or _exists(posixpath.join(there, name, *below), around)]
    if near:
        right = posixpath.join(there, near[0], *below)
        right = right if path.startswith("/") else posixpath.relpath(right, around.folder)
        how = "case" if near[0].lower() == missing.lower() else "spelling"
        wrong = f"only the {how} differs from {near[0]}"
        action = Action(kind="replace", values=(path, right)) if is_clear else None
        return said._replace(fix=f"write {right!r}", evidence=(wrong, *said.evidence), action=action)
    for folder in _folders(around):
        name = posixpath.basename(path)
        if name and name in _names(folder, around):
            right = posixpath.relpath(posixpath.join(folder, name), around.folder)
            return said._replace(
                fix=f"write {right!r}, if that is meant",
                evidence=(f"{name} is there: {right}", *said.evidence),
            )
    what = "the folder" if below else "the file"
    shown = posixpath.relpath(posixpath.join(there, missing), around.folder)
    return said._replace(
        fix=f"make {what} {shown!r} first, or fetch it: nothing near it is there",
        evidence=(f"the first part that is not there is {shown}", *said.evidence),
    )


def _folders(around: Around) -> Iterator[str]:
    """Yield the folders a path may be meant from: upwards to the workspace, then its own, one deep."""
    seen: set[str] = set()
    folder, root = around.folder, around.root or around.folder
    while folder not in seen and len(seen) < _MOST:
        seen.add(folder)
        yield folder
        if folder == root or not folder.startswith(f"{root.rstrip('/')}/"):
            break
        folder = posixpath.dirname(folder)
    for top in dict.fromkeys((around.folder, root)):
        for name in sorted(_names(top, around)):
            inner = posixpath.join(top, name)
            if len(seen) >= _MOST:
                return
            if inner not in seen and not name.startswith(_HIDDEN) and "." not in name:
                seen.add(inner)
                yield inner


def _exists(path: str, around: Around) -> bool:
    folder, name = posixpath.split(posixpath.normpath(path))
    return name in _names(folder, around)


def _names(folder: str, around: Around) -> set[str]:
    try:
        return {name for name in list(around.list_folder(folder))[:_HELD] if type(name) is str}
    except Exception:  # noqa: BLE001 - who answers may fail; a diagnosis never does
        return set()


def _path_of(shown: str) -> str:
    """Return the path that a message shows in quotes, or ""."""
    quote = shown[:1]
    path = shown[1:].rpartition(quote)[0] if quote in ("'", '"') else ""
    return path.partition(f"{quote} -> {quote}")[0] if path.isprintable() else ""
