"""Which commit a folder is of, and whether what is built is what that commit holds.

Each input is held against the commit itself, by the id that git gives its bytes
and by its mode. What git thinks of its index does not count: a file may be marked
as unchanged there, be ignored, or have a mode that git was told not to see.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import BuildError
from . import git, reading
from .artifacts import Input
from .bench import Bench

_CHUNK = 1 << 20
_MOST_POINTER_BYTES = 1024  #: as the specification of Git LFS has it
_MOST_OUTSIDE = 200  #: links out of the folder, which are asked about by their names
_COMMITTER = re.compile(r"^committer [^\n]*> (\d+) [+-]\d{4}$", re.MULTILINE)
_ROOT = re.compile(r"^tree ([0-9a-f]{40,64})$", re.MULTILINE)
_TREE = "040000"
_POINTER = re.compile(r"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit's full id, its time in seconds since 1970, and whether what is there differs from it."""

    sha: str
    seconds: int
    is_dirty: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """What a commit holds at a path: the mode and id as git has them."""

    mode: str
    sha: str


def commit_of(folder: Path, bench: Bench, inputs: Sequence[Input]) -> Commit | None:
    """Return the commit of a folder; None where nothing of it is in one, or there is no git.

    Parameters
    ----------
    folder : Path
        What is built from.
    bench : Bench
        Where git is started.
    inputs : sequence of Input
        What is read of it. It is dirty where one of them is not in the commit or
        differs, or a file of the commit is gone; what is made for a build (`//`)
        does not count.
    """
    repository = git.repository_of(folder)
    if repository is None:
        return None
    said = git.ask(("cat-file", "--batch"), repository, bench, stdin="HEAD^{commit}\n") or ""
    sha, _, rest = said.partition(" ")
    seconds = _COMMITTER.search(rest.partition("\n\n")[0])
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", sha) or seconds is None:
        return None
    tree = _Tree(repository=repository, sha=sha, bench=bench, place=repository.place_of(folder))
    rows = tree.rows()
    if rows is None:
        return None  # an ignored or unknown folder in somebody's repository is not of its commits
    mine = [each for each in inputs if not each.path.startswith("//")]
    return Commit(sha=sha, seconds=int(seconds[1]), is_dirty=not tree.has(folder, mine, rows))


def labels_of(found: Commit | None) -> dict[str, str]:
    """Return what an artifact says of its commit."""
    if found is None:
        return {}
    return {"commit": found.sha, "dirty": "true" if found.is_dirty else "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """A folder in a commit."""

    repository: git.Repository
    sha: str
    bench: Bench
    place: str = ""

    def rows(self, paths: Sequence[str] = ()) -> dict[str, _Row] | None:
        """Return what it holds by its paths, all of it or some from the top; None where it is not.

        All of it is held against the ids of its trees, up to that in the commit:
        git itself believes the object that lies where an id says.
        """
        what = self.sha if paths or not self.place else f"{self.sha}:{self.place}"
        listed = self._listed("-r", "-t", what, *(("--", *paths) if paths else ()))
        if listed is None or (not paths and _whole_id(listed, self.sha) != self._known()):
            return None
        return {path: row for path, row in listed.items() if row.mode != _TREE}

    def _listed(self, *words: str) -> dict[str, _Row] | None:
        said = git.ask(("ls-tree", "-z", "--full-tree", *words), self.repository, self.bench)
        if said is None:
            return None
        found = {}
        for row in filter(None, said.split("\0")):
            about, _, path = row.partition("\t")
            mode, _, sha = about.split(" ")
            found[path] = _Row(mode, sha)
        return found

    def _known(self) -> str:
        """Return the id that the tree has by the commit and what is above it, "" where that is forged."""
        said = git.ask(("cat-file", "--batch"), self.repository, self.bench, stdin=f"{self.sha}\n") or ""
        found = _ROOT.search(said)
        known = found[1] if found else ""
        parts = PurePosixPath(self.place).parts
        for at, name in enumerate(parts):
            above = "/".join(parts[:at])
            rows = self._listed(f"{self.sha}:{above}") or {}
            if not known or _tree_id(rows, self.sha) != known:
                return ""
            known = rows[name].sha if name in rows else ""
        return known

    def has(self, folder: Path, inputs: Sequence[Input], rows: Mapping[str, _Row]) -> bool:
        """Whether each input is as it is here, and no file is gone."""
        modules = {path for path, row in rows.items() if row.mode == "160000"}
        if not all(os.path.lexists(folder / path) for path in rows if path not in modules):
            return False
        within: dict[str, list[Input]] = {}
        pointed: dict[str, str] = {}
        outside: dict[str, Input] = {}
        for each in inputs:
            row = rows.get(each.path)
            module = next((str(up) for up in PurePosixPath(each.path).parents if str(up) in modules), "")
            if module:
                within.setdefault(module, []).append(each)
            elif row is None or not self._is_same(folder / each.path, each, row, pointed, outside):
                return False
        return (
            self._follows(outside)
            and self._points(pointed)
            and all(self._in_module(folder / path, path, found, rows[path]) for path, found in within.items())
        )

    def _is_same(
        self, file: Path, read: Input, row: _Row, pointed: dict[str, str], outside: dict[str, Input]
    ) -> bool:
        """Whether a file is as in the commit; what only others can tell goes into the last two."""
        try:
            if not file.is_symlink():
                return _is_file_same(file, read, row, pointed)
            target = os.fsencode(os.readlink(file))  # noqa: PTH115 - as it stands there
            if row.mode != "120000" or _id(target, row.sha) != row.sha:
                return False
            if not read.is_link:  # what it leads to was read in its place
                outside[file.resolve().relative_to(self.repository.top).as_posix()] = read
        except (BuildError, OSError, ValueError):
            return False
        return True

    def _follows(self, outside: Mapping[str, Input]) -> bool:
        """Whether files beside the folder that links lead to are as in the commit."""
        if not outside:
            return True
        rows = self.rows(tuple(outside)) if len(outside) <= _MOST_OUTSIDE else None
        if rows is None:
            return False
        pointed: dict[str, str] = {}
        for path, read in outside.items():
            row = rows.get(path)
            try:
                if row is None or not _is_file_same(self.repository.top / path, read, row, pointed):
                    return False
            except (BuildError, OSError):
                return False
        return self._points(pointed)

    def _points(self, pointed: Mapping[str, str]) -> bool:
        """Whether these blobs are pointers of Git LFS to files of these digests."""
        if not pointed:
            return True
        asked = "".join(f"{sha}\n" for sha in pointed)
        check = git.ask(("cat-file", "--batch-check"), self.repository, self.bench, stdin=asked) or ""
        sizes = [line.split(" ")[2:] for line in check.splitlines()]
        if len(sizes) != len(pointed) or any(
            not size or int(size[0]) > _MOST_POINTER_BYTES for size in sizes
        ):
            return False
        said = git.ask(("cat-file", "--batch"), self.repository, self.bench, stdin=asked) or ""
        for sha, digest in pointed.items():
            head, _, said = said.partition("\n")
            size = head.rpartition(" ")[2]
            text, said = (said[: int(size)], said[int(size) + 1 :]) if size.isdecimal() else ("", said)
            found = _POINTER.match(text)
            if found is None or found[1] != digest or _id(text.encode(), sha) != sha:
                return False
        return True

    def _in_module(self, folder: Path, path: str, inputs: Sequence[Input], row: _Row) -> bool:
        """Whether what is read of a submodule is as in the commit of it that this one names."""
        repository = git.repository_of(folder)
        if repository is None or repository.top != folder.resolve():
            return False
        tree = _Tree(repository=repository, sha=row.sha, bench=self.bench)
        rows = tree.rows()
        cut = [_below(each, path) for each in inputs]
        return rows is not None and tree.has(folder, cut, rows)


def _below(read: Input, folder: str) -> Input:
    return Input(
        path=read.path[len(folder) + 1 :],
        digest=read.digest,
        bytes=read.bytes,
        is_executable=read.is_executable,
        is_link=read.is_link,
    )


def _is_file_same(file: Path, read: Input, row: _Row, pointed: dict[str, str]) -> bool:
    if row.mode not in ("100644", "100755") or read.is_link:
        return False
    with reading.opened(file, follows=False) as stream:
        status = os.fstat(stream.fileno())
        is_executable = bool(status.st_mode & stat.S_IXUSR)
        if os.name == "posix" and not is_executable == read.is_executable == (row.mode == "100755"):
            return False
        own, theirs = hashlib.sha256(), _hash(row.sha)
        theirs.update(b"blob %d\0" % status.st_size)
        while chunk := stream.read(_CHUNK):
            own.update(chunk)
            theirs.update(chunk)
    if own.hexdigest() != read.digest:
        return False  # it is not any more what was planned
    if theirs.hexdigest() != row.sha:
        return pointed.setdefault(row.sha, read.digest) == read.digest
    return True


def _whole_id(rows: Mapping[str, _Row], like: str) -> str:
    """Return the id of a tree by all that is below it, "" where a tree in it has another than it says."""
    within: dict[str, dict[str, _Row]] = {"": {}}
    within.update((path, {}) for path, row in rows.items() if row.mode == _TREE)
    for path, row in rows.items():
        folder, _, name = path.rpartition("/")
        if folder not in within:
            return ""
        within[folder][name] = row
    ids = {path: _tree_id(inside, like) for path, inside in within.items()}
    return ids[""] if all(ids[path] == rows[path].sha for path in ids if path) else ""


def _tree_id(rows: Mapping[str, _Row], like: str) -> str:
    """Return the id that git gives a tree of these rows, which are in its own order."""
    lines = [
        f"{row.mode.lstrip('0')} {name}\0".encode("utf-8", "surrogateescape") + bytes.fromhex(row.sha)
        for name, row in rows.items()
    ]
    return _id(b"".join(lines), like, b"tree")


def _id(content: bytes, like: str, kind: bytes = b"blob") -> str:
    """Return the id that git gives some bytes."""
    found = _hash(like)
    found.update(b"%s %d\0" % (kind, len(content)) + content)
    return found.hexdigest()


def _hash(like: str) -> hashlib._Hash:
    """Return git's hash, which the length of an id tells."""
    return hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
