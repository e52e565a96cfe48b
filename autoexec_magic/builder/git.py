"""The one way in which a build asks git: by plumbing, which runs nothing that a repository's settings name.

`git status` and `git log` start filters, signers, hooks, monitors and pagers that
the repository's own `.git/config` and `.gitattributes` choose. What is asked here
reads objects and lists names, compares nothing and fetches nothing; and it is
asked in the cage, where it may read the repository and write nowhere. Only where
there is none to be had (`CageError`) is it asked without one.

Which repository that is, is found here and not by git: one in the folder or above
it that really is that folder's. A `.git` that leads to somebody else's is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BuildError, CageError, MissingTool, PolicyRefused
from . import reading, tools
from .bench import Bench

SECONDS = 30.0
_MOST_BYTES = 1 << 16  #: of a file of git's that names a folder
_GITDIR = re.compile(r"gitdir: ([^\0\n]+)\n*")
_SETTINGS = (
    *("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.attributesFile=/dev/null"),
    *("core.sshCommand=false", "core.gitProxy=false", "core.alternateRefsCommand=false"),
    *("gpg.program=false", "gpg.openpgp.program=false", "gpg.ssh.program=false", "gpg.x509.program=false"),
    *("log.showSignature=false", "protocol.allow=never", "credential.helper=", "submodule.recurse=false"),
    *("core.useReplaceRefs=false", "core.quotePath=false", "core.untrackedCache=false"),
)
_VARIABLES = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # goes before what a repository's settings allow
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository: the top of its work tree, its own folder, and the one that its work trees share."""

    top: Path
    own: Path
    common: Path

    @property
    def objects(self) -> Path:
        """Where its objects are."""
        return self.common / "objects"

    def place_of(self, folder: Path) -> str:
        """Return where a folder lies in it, with /; "" is the top."""
        place = folder.resolve().relative_to(self.top).as_posix()
        return "" if place == "." else place


def repository_of(folder: Path) -> Repository | None:
    """Return the repository whose work tree a folder is in; None where there is none, or it is another's."""
    folder = folder.resolve()
    for top in (folder, *folder.parents):
        if (top / ".git").is_symlink() or (top / ".git").exists():
            return _at(top)
    return None


def ask(
    words: Sequence[str],
    repository: Repository,
    bench: Bench,
    *,
    stdin: str | None = None,
    folder: Path | None = None,
) -> str | None:
    """Return all that git writes; None where it cannot say, or there is no git.

    Parameters
    ----------
    words : sequence of str
        A command of git's plumbing and its arguments.
    repository : Repository
        What is asked.
    stdin : str, optional
        What it reads.
    folder : Path, optional
        The folder whose files are listed; it may read the work tree then.
    """
    program = tools.found("git", repository.top)
    if program is None:
        return None
    where = (f"--git-dir={repository.own}", f"--work-tree={repository.top}")
    settings = (part for each in _SETTINGS for part in ("-c", each))
    at = ("-C", str(folder)) if folder else ()
    argv = (str(program), *at, *where, "--no-pager", "--no-optional-locks", "--literal-pathspecs", *settings)
    read = [repository.own, repository.common, *_alternates(repository), *_prefix(program)]
    read += [repository.top] if folder else []
    with bench.scratch() as empty:
        try:
            ended = bench.start(
                (*argv, *words),
                cwd=empty,
                env=_VARIABLES,
                stdin=stdin,
                read=tuple(each for each in read if each.is_dir()),
                timeout=SECONDS,
                is_whole=True,
            )
        except CageError:  # no such machine runs anybody's code; git's own reading is what it can do
            ended = bench.start(
                (*argv, *words),
                cwd=empty,
                env=_VARIABLES,
                stdin=stdin,
                is_foreign=False,
                timeout=SECONDS,
                is_whole=True,
            )
        except (MissingTool, PolicyRefused):
            return None
    return ended.stdout if ended.passed and not ended.dropped_bytes else None


def ignored(folder: Path, bench: Bench) -> tuple[str, ...]:
    """Return what git ignores in a folder, folders with a / at their end; nothing outside of a repository."""
    repository = repository_of(folder)
    if repository is None:
        return ()
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z", "--", ".")
    said = ask(words, repository, bench, folder=folder.resolve())
    return tuple(filter(None, (said or "").split("\0")))


def _at(top: Path) -> Repository | None:
    git = top / ".git"
    try:
        if git.is_dir():
            own = git.resolve()
            # nothing in the folder may say that it is but a part of a repository elsewhere
            is_own = own.is_relative_to(top) and not (own / "commondir").exists() and _is_readable(own)
            return Repository(top=top, own=own, common=own) if is_own else None
        said = _GITDIR.fullmatch(reading.text(git, most=_MOST_BYTES, follows=False))
    except (BuildError, OSError):
        return None
    if said is None:
        return None
    own = (top / said[1]).resolve()
    return _work_tree(top, own) or _submodule(top, own)


def _is_readable(own: Path) -> bool:
    """Whether git finds files, and no pipes, where it looks first."""
    return (own / "HEAD").is_file() and all(
        (own / name).is_file() or not (own / name).exists() for name in ("config", "packed-refs", "index")
    )


def _work_tree(top: Path, own: Path) -> Repository | None:
    """Return the repository of a further work tree, which has to name the folder, too."""
    try:
        back = reading.text(own / "gitdir", most=_MOST_BYTES).strip()
        common = (own / reading.text(own / "commondir", most=_MOST_BYTES).strip()).resolve()
    except (BuildError, OSError):
        return None
    is_ours = (own / back).resolve() == top / ".git" and own.parent == common / "worktrees"
    return Repository(top=top, own=own, common=common) if is_ours else None


def _submodule(top: Path, own: Path) -> Repository | None:
    """Return the repository of a submodule, which is kept in the one around it."""
    around = repository_of(top.parent) if top.parent != top else None
    if around is None or (own / "commondir").exists() or not _is_readable(own):
        return None
    kept = (around.own / "modules", around.common / "modules")
    is_ours = any(own.is_relative_to(each.resolve()) for each in kept)
    return Repository(top=top, own=own, common=own) if is_ours else None


def _alternates(repository: Repository) -> list[Path]:
    """Return the folders of objects that a repository borrows from."""
    objects = repository.objects
    try:
        lines = reading.text(objects / "info/alternates", most=_MOST_BYTES).splitlines()
    except (BuildError, OSError):
        return []
    return [(objects / line).resolve() for line in lines if line.rstrip("/").endswith("objects")]


def _prefix(program: Path) -> tuple[Path, ...]:
    """Return where git is installed, unless every cage may read that anyway."""
    prefix = program.resolve().parent.parent
    is_known = prefix in (Path("/"), Path("/usr")) or prefix == Path.home() or prefix in Path.home().parents
    return () if is_known else (prefix,)
