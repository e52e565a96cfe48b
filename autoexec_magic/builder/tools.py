"""Where the tools that a build starts are found: on PATH, but never where the project could have put them.

A PATH such as `.:…` or `$PWD/node_modules/.bin:…` is a person's habit, and fine
at a prompt. Here it would let a folder that nobody has read say which git, uv or
npm is started, outside of any cage. The folder of the interpreter that runs us
counts in any case: what is in there runs already.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..config import workspace
from ..executor.environment import interpreter_folder, search_path


def found(name: str, *near: Path, path: str | None = None) -> Path | None:
    """Return a program's absolute path; None where there is none that the project could not have put there.

    Parameters
    ----------
    name : str
        Its name, without a folder.
    near : Path
        Folders or files of the project; all of their workspace counts as the project's.
    path : str, optional
        Folders, as `PATH` has them; by default those of this process.

    Examples
    --------
    >>> found("no-such-program-at-all", Path.cwd()) is None
    True
    """
    if os.path.basename(name) != name:  # noqa: PTH119 - a name, not a path
        return None
    theirs = tuple(each for one in near for each in _theirs(one))
    for folder in folders(*near, path=path):
        program = shutil.which(name, path=folder)
        if program is None:
            continue
        is_ours = Path(folder) == interpreter_folder()
        if is_ours or not any(Path(program).resolve().is_relative_to(each) for each in theirs):
            return Path(program)
    return None


def is_theirs(program: Path, *near: Path) -> bool:
    """Whether a program lies where the project could have put it, by its path or by what it is a link to."""
    if program.parent in (interpreter_folder(), Path(sys.executable).resolve().parent):
        return False
    return not _is_outside(program, tuple(each for one in near for each in _theirs(one)))


def folders(*near: Path, path: str | None = None) -> tuple[str, ...]:
    """Return the folders of `path` in which the project near by has nothing to say; see `found`."""
    theirs = tuple(each for one in near for each in _theirs(one))
    given = search_path(path).split(os.pathsep)
    return tuple(dict.fromkeys(each for each in given if _is_trusted(each, theirs)))


def _is_trusted(folder: str, theirs: Sequence[Path]) -> bool:
    if not os.path.isabs(folder):  # noqa: PTH117 - as it stands in PATH
        return False
    if Path(folder) == interpreter_folder():
        return True
    return _is_outside(Path(folder), theirs)


def _is_outside(path: Path, theirs: Sequence[Path]) -> bool:
    try:
        places = (Path(os.path.normpath(path)), path.resolve())
    except (OSError, RuntimeError):
        return False
    return not any(place.is_relative_to(each) for place in places for each in theirs)


def _theirs(near: Path) -> tuple[Path, ...]:
    """Return the folders that are the project's: its workspace, unless that is all that the person has."""
    folder = near if near.is_dir() else near.parent
    roots = {folder.absolute(), folder.resolve(), workspace(folder), workspace(folder.resolve())}
    home = Path.home()
    homes = {home, home.resolve()}
    return tuple(each for each in roots if not any(own.is_relative_to(each) for own in homes))
