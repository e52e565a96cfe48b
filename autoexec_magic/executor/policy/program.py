"""Layer 2: which file a program name means, and whether that is the listed program.

The name alone decides nothing: a program of the same name in the workspace or
earlier on `PATH` is another program.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
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
    folders = [folder for folder in environment.get("PATH", "").split(os.pathsep) if folder[:1] == os.sep]
    for folder in dict.fromkeys(folders):
        candidate = f"{folder.rstrip(os.sep)}{os.sep}{name}"
        if name and _is_program(candidate):
            return Path(candidate)
    raise MissingTool(
        f"there is no program {name!r} on PATH",
        why=f"looked in {len(folders)} folders",
        fix="install it, or give its path; `%autoexec doctor` shows what works here",
    )


def fingerprint(program: Path) -> str:
    """Return the SHA-256 of a program that anybody could change, "" of one that lives where programs do."""
    if is_where_programs_live(program):
        return ""
    try:
        with program.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return secrets.token_hex(16)  # nobody can say what it is, so it is another one each time


def is_where_programs_live(program: Path) -> bool:
    """Whether `program` lies in a system folder or beside the running interpreter.

    The folder must not be writable by everybody.
    """
    folder = program.parent
    if folder not in SYSTEM_FOLDERS and folder != interpreter_folder():
        return False
    return not folder.stat().st_mode & stat.S_IWOTH


def _is_program(path: str) -> bool:
    """Whether there is a file at `path` that this user may execute."""
    try:
        at = os.stat(path)  # noqa: PTH116 - of every folder of PATH, for every command
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(at.st_mode) and os.access(path, os.X_OK)
