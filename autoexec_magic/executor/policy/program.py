"""Layer 2: which file a program name means, and whether that is the listed program.

The name alone decides nothing: a program of the same name in the workspace or
earlier on `PATH` is another program.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...errors import MissingTool
from ..environment import interpreter_folder

SYSTEM_FOLDERS = tuple(
    Path(folder)
    for folder in (
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        "/usr/local/sbin",
        "/usr/sbin",
        "/sbin",
        "/opt/homebrew/bin",
    )
)


def find(name: str, environment: Mapping[str, str], cwd: Path) -> Path:
    """Return the absolute path of the program that `name` means.

    Parameters
    ----------
    name : str
        A name to look up on `PATH`, or a path, which is relative to `cwd`.
    environment : mapping of str to str
        Its `PATH` is searched.
    cwd : Path
        The directory the command will run in.

    Raises
    ------
    MissingTool
        There is no such program.
    """
    if os.sep in name:
        path = cwd / name
        if path.is_file():
            return path.absolute()
        raise MissingTool(f"there is no program {name}", why=f"looked for {path}", fix="check the path")
    # An empty or relative entry of PATH means the working directory: somebody else's file.
    folders = [folder for folder in environment.get("PATH", "").split(os.pathsep) if folder[:1] == "/"]
    for folder in folders:
        found = f"{folder}/{name}"
        if name and os.access(found, os.X_OK) and os.path.isfile(found):  # noqa: PTH113 - for each folder
            return Path(found)
    raise MissingTool(
        f"there is no program {name!r} on PATH",
        why=f"looked in {len(folders)} folders",
        fix="install it, or give its path; `%autoexec doctor` shows what works here",
    )


def is_where_programs_live(program: Path) -> bool:
    """Whether `program` lies in a system folder or beside the running interpreter.

    The folder must not be writable by everybody.
    """
    folder = program.parent
    if folder != interpreter_folder() and folder not in SYSTEM_FOLDERS:
        return False
    return not folder.stat().st_mode & 0o002
