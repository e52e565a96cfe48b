"""Copies what was planned, and nothing else: what is copied is compared, and no link leads anywhere.

A copy is made outside of the cage, and what is in it is read inside. So nothing
is read but a plain file with no link on the way to it, whose digest the plan
has; and nothing is written over a link.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from ...errors import BuildError
from .. import reading
from ..artifacts import Input, Source
from ..inputs import read_input
from .planning import outside_link

_CHUNK = 1 << 20


def copy_input(each: Input, source: Source, to: Path, *, has_links_out: bool = True) -> None:
    """Copy an input of a plan to its place below a folder of ours.

    A link that leads out of the project and to a file of its workspace is that
    file. Any other is copied as the link that it is; one that leads out is left
    out unless `has_links_out`.

    Raises
    ------
    BuildError
        It is not what was planned.
    """
    file, copy = source.folder / each.path, place_below(to, each.path)
    followed = outside_link(file, source)
    try:
        if followed is None and file.is_symlink():
            if read_input(each.path, file) != each:
                raise _changed(each)
            if has_links_out or file.resolve().is_relative_to(source.folder.resolve()):
                copy.symlink_to(file.readlink())
            return
        opened = reading.below(source.folder, each.path) if followed is None else reading.opened(followed)
        found = hashlib.sha256()
        with opened as stream, copy.open("xb") as written:
            while piece := stream.read(_CHUNK):
                found.update(piece)
                written.write(piece)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _changed(each) from error
    except RuntimeError as error:  # a loop of links
        raise BuildError(f"{each.path} cannot be read", why=str(error), fix="mend the link") from error
    if found.hexdigest() != each.digest:
        raise _changed(each)
    copy.chmod(0o755 if each.is_executable else 0o644)


def place_below(folder: Path, path: str) -> Path:
    """Return the place of a path below a folder of ours, with the folders before it made.

    Raises
    ------
    BuildError
        It leads out, or a part of it is there and is no folder, such as a link.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise _leads_out(path)
    place = folder
    place.mkdir(parents=True, exist_ok=True)
    for part in parts[:-1]:
        place /= part
        try:
            place.mkdir()
        except FileExistsError:
            if not stat.S_ISDIR(place.lstat().st_mode):
                raise _leads_out(path) from None
    return place / parts[-1]


def set_times(folder: Path, seconds: int) -> None:
    """Give all that is in a folder of ours one time, in seconds since 1970; links are not followed."""
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.utime(os.path.join(where, name), (seconds, seconds), follow_symlinks=False)  # noqa: PTH118


def _changed(each: Input) -> BuildError:
    why = "it was changed after the plan was made"
    return BuildError(f"{each.path} is not what was planned", why=why, fix="build again")


def _leads_out(path: str) -> BuildError:
    return BuildError(f"{path} is not copied", why="it leads out of the project", fix="remove it, or mend it")
