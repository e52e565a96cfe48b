"""A repository for a backend that asks git for its version: the commits, and nothing else of the person's.

What a backend sees is a `.git` of our own: its HEAD, index and names of commits
are copies, its objects are those of the project's repository, which it may read.
It gets neither the repository's settings, in which a login may stand, nor its
hooks; and a `.git` that says that it lies elsewhere is believed only where that
place says the same of it: else a project could have any repository of the
person's read and built into a package.

Files of the repository that the build does not read are not there. In the
copied index they count as unchanged: what is built does not depend on them.
git itself runs in the cage, on the copy.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ...errors import BuildError, MissingTool, PolicyRefused
from .. import git, reading
from ..bench import Bench
from ..git import Repository
from ..inputs import files_below
from .copying import place_below

_SECONDS = 60.0
_MOST_LINE = 4_096
_MOST_BYTES = 512 * 2**20  # of an index, or of packed names
_MOST_NAMES = 100_000
_ENV = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
#: the settings that say how the index is to be read; their values are one of these words
_KEPT = re.compile(
    r"(?im)^\s*(filemode|autocrlf|objectformat|refstorage)\s*=\s*"
    r"(true|false|input|sha1|sha256|reftable|files)\s*$"
)
_EXTENSIONS = ("objectformat", "refstorage")


def repository_of(folder: Path) -> Repository | None:
    """Return the repository that a folder is in; None where there is none that its backend may read.

    One whose work tree is the home, or is around it, is none: what lies there is no project's.
    """
    found = git.repository_of(folder)
    if found is None or Path.home().resolve().is_relative_to(found.top):
        return None
    return found if stat.S_ISDIR(_mode(found.objects)) and "\n" not in str(found.common) else None


def copy(found: Repository, to: Path, bench: Bench) -> None:
    """Make the `.git` of `to`, where the build's inputs of that work tree are already.

    Raises
    ------
    BuildError
        The repository cannot be read.
    """
    for base, path, most in _parts(found):
        try:
            with reading.below(base, path) as stream:
                content = reading.whole(stream, path, most)
        except (FileNotFoundError, NotADirectoryError):
            continue
        place_below(to / ".git", path).write_bytes(content)
    place_below(to / ".git", "refs/heads").mkdir(exist_ok=True)
    place_below(to / ".git", "objects/info/alternates").write_text(f"{found.objects}\n", "utf-8")
    place_below(to / ".git", "config").write_text(_settings(found), "utf-8")
    _count_as_unchanged(found, to, bench)


def _parts(found: Repository) -> list[tuple[Path, str, int]]:
    """Return the files that are copied: where they are, their paths there, and how large they may be."""
    parts = [(found.own, "HEAD", _MOST_LINE), (found.own, "index", _MOST_BYTES)]
    parts += [(found.own, each.name, _MOST_BYTES) for each in found.own.glob("sharedindex.*")]
    parts += [(found.common, "packed-refs", _MOST_BYTES), (found.common, "shallow", _MOST_BYTES)]
    parts += [(found.common, "info/exclude", reading.MOST_BYTES)]
    for folder, most in (("refs", _MOST_LINE), ("reftable", _MOST_BYTES)):
        if stat.S_ISDIR(_mode(found.common / folder)):
            names = (f"{folder}/{path}" for path, file in files_below(found.common / folder))
            parts += [(found.common, name, most) for name in names]
    if len(parts) > _MOST_NAMES:
        why = f"there are more than {_MOST_NAMES:,} files of names in it"
        raise BuildError(
            f"the repository of {found.top.name} is not read", why=why, fix="git pack-refs --all"
        )
    return parts


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _settings(found: Repository) -> str:
    try:
        with reading.below(found.common, "config") as stream:
            said = os.fsdecode(reading.whole(stream, "config", reading.MOST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        said = ""
    kept = {name.lower(): value.lower() for name, value in _KEPT.findall(said)}
    own = {name: kept.pop(name) for name in _EXTENSIONS if name in kept}
    rows = ["[core]", f"repositoryformatversion = {1 if own else 0}", "bare = false"]
    rows += [f"{name} = {value}" for name, value in kept.items()]
    rows += ["[extensions]", *(f"{name} = {value}" for name, value in own.items())] if own else []
    return "\n".join(rows) + "\n"


def _count_as_unchanged(found: Repository, to: Path, bench: Bench) -> None:
    """Mark in the copied index what is in the work tree and is no input."""
    said = _git(("-c", "core.quotePath=true", "ls-files"), found, to, bench)
    names = [name for name in map(_unquoted, said.splitlines()) if not os.path.lexists(to / name)]
    names = [name for name in names if ".." not in name.split("/") and os.path.lexists(found.top / name)]
    if names:
        rows = "".join(f"{name}\0" for name in names)
        _git(("update-index", "-z", "--skip-worktree", "--stdin"), found, to, bench, os.fsencode(rows))


def _unquoted(line: str) -> str:
    r"""Return a name that git wrote as in C, where it had to.

    Examples
    --------
    >>> _unquoted(r'"a\tb\303\261"') == "a\tb\u00f1"
    True
    """
    if not line.startswith('"'):
        return line
    return os.fsdecode(line[1:-1].encode("latin-1", "replace").decode("unicode_escape").encode("latin-1"))


def _git(words: tuple[str, ...], found: Repository, to: Path, bench: Bench, stdin: bytes = b"") -> str:
    """Return what git says; "" where there is none, or it fails: then the tree counts as changed."""
    try:
        ended = bench.start(
            ("git", *words),
            cwd=to,
            env=_ENV,
            stdin=stdin,
            read=(found.objects,),
            timeout=_SECONDS,
            is_whole=True,
        )
    except (MissingTool, PolicyRefused):
        return ""
    return ended.stdout if ended.ended == "exited" and ended.returncode == 0 else ""
