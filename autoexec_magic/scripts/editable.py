"""What `pip install -e` left for imports: places outside, named by files beside the installed packages.

A `.pth` file names folders, a line each, or imports a finder that has a table of
packages; a cage that lets the installed packages be read would keep a run from these.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import site
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from ..config import workspace
from ..executor import cage

_FINDER = re.compile(r"import (__editable__\w+_finder)\b")
_NO_FOLDER = ("#", "import ", "import\t")
_PROTECTED = ".venv"  # of what is in the workspace, no run may write this (`cage.PROTECTED`)
_CLOCK_NS = 100_000_000  # more than the steps in which file systems count the time
_State: TypeAlias = tuple[int, ...]


class _Read(NamedTuple):
    """What a folder's files named when they were in this state."""

    files: tuple[str, ...]
    states: tuple[_State, ...]
    names: tuple[str, ...]


@dataclass(slots=True)
class _Kept:
    """The places that were found last; the cage looks at each again before it lets anything be read."""

    state: tuple[object, ...] = ()
    places: tuple[Path, ...] = ()


_read: dict[str, _Read] = {}
_kept = _Kept()


def places(cwd: Path) -> tuple[Path, ...]:
    """Return the folders and files that this interpreter imports from by `.pth` files.

    Without those that hold keys, and without hidden folders of the home. A
    `.pth` file that a run in `cwd` can write opens nothing: else the one before
    decides what the next one reads.
    """
    root = workspace(cwd)
    folders = _sites()
    state = (str(root), os.environ.get("HOME"), *((folder, _named_by(folder)) for folder in folders))
    if _kept.state != state or not all(map(_state, map(str, _kept.places))):
        _kept.state, _kept.places = state, _found(root.resolve(), folders)
    return _kept.places


def _found(root: Path, folders: tuple[str, ...]) -> tuple[Path, ...]:
    found = [name for folder in folders if not _is_writable(folder, root) for name in _named_by(folder)]
    resolved = dict.fromkeys(map(os.path.realpath, found))
    secrets, home = tuple(cage.secret_places()), os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111 - raises nothing without a home
    return tuple(
        Path(place) for place in resolved if Path(place).exists() and _may_be_read(place, secrets, home)
    )


def _sites() -> tuple[str, ...]:
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return tuple(map(os.path.realpath, folders))


def _is_writable(folder: str, root: Path) -> bool:
    """Whether a run in the workspace `root` can write the files of `folder`."""
    path = Path(folder)
    return path.is_relative_to(root) and not path.is_relative_to(root / _PROTECTED)


def _named_by(folder: str) -> tuple[str, ...]:
    """Return what the files of a folder name; of those that are as they were, what is known."""
    known = _read.get(folder)
    if known is not None and tuple(map(_state, known.files)) == known.states:
        return known.names
    pths = tuple(str(path) for path in sorted(Path(folder).glob("*.pth")))
    finders = tuple(f"{folder}/{name}.py" for pth in pths for name in _FINDER.findall(_text(Path(pth))))
    files = (folder, *pths, *finders)
    states = tuple(map(_state, files))
    names = tuple(str(place) for pth in pths for place in _named_in(Path(pth)))
    newest = max((state[-1] for state in states if state), default=0)
    if time.time_ns() - newest > _CLOCK_NS:  # else one could change once more at the very same time
        _read[folder] = _Read(files, states, names)
    return names


def _state(path: str) -> _State:
    try:
        at = os.stat(path)  # noqa: PTH116 - asked before each run
    except OSError:
        return ()
    return at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns


def _named_in(file: Path) -> Iterator[Path]:
    for line in _text(file).splitlines():
        if finder := _FINDER.match(line):
            yield from _table(file.parent / f"{finder[1]}.py")
        elif line.strip() and not line.startswith(_NO_FOLDER) and "\0" not in line:
            yield file.parent / line.rstrip()


def _table(finder: Path) -> Iterator[Path]:
    """Return the packages and modules that a finder of setuptools knows; its table is read, and not run."""
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.parse(_text(finder)).body:
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "MAPPING" and node.value:
                table = ast.literal_eval(node.value)
                for name in table.values() if isinstance(table, dict) else ():
                    yield Path(name) if Path(name).is_dir() else Path(f"{name}.py")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _may_be_read(place: str, secrets: tuple[str, ...], home: str) -> bool:
    """Whether a place holds no keys: neither one that no cage lets through, nor a hidden one of the home."""
    return not cage.secret_in(place, secrets) and not place.startswith(f"{home.rstrip('/')}/.")
