"""Whose pytest it is: the project's own Python where it has one with pytest, else this kernel's."""

from __future__ import annotations

import filecmp
import importlib.util
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import MissingTool, UsageError
from ..executor import cage

_SETTINGS = "pyvenv.cfg"  # PEP 405
_PARTS = ("bin", "lib", "lib64", "include")
# Where conda's and others' own time zones are (zoneinfo.TZPATH): Python reads them as it reads `lib`.
_OF_BASE = (*_PARTS, "share/zoneinfo")
_MOST_BYTES = 2**20
_FOLDERS = (".venv", "venv", "env")  # as python -m venv, uv, poetry (in-project) and tox's users name them


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that runs tests; `is_own` says that it is this kernel's."""

    path: Path
    is_own: bool

    @property
    def places(self) -> tuple[Path, ...]:
        """What it is read from, where that is not this kernel's: its environment, and the Python below."""
        if self.is_own:
            return ()
        root = self.path.parent.parent
        if not (root / _SETTINGS).is_file():
            return ()
        # A run can put a link there: to a project, say, that is an environment, too.
        own = _there(root, (_SETTINGS, *_PARTS)) if root.is_symlink() else (root,)
        return (*own, *_base(self.path, root))

    def has(self, package: str) -> bool:
        """Whether its environment has a package of this name."""
        if self.is_own:
            return importlib.util.find_spec(package) is not None
        return _has(self.path, package)

    @property
    def state(self) -> tuple[int, ...]:
        """What changes when something is installed for it: the times of its folders of packages."""
        folders = sorted(self.path.parent.parent.glob("lib/python3*/site-packages"))
        return tuple(folder.stat().st_mtime_ns for folder in folders)


def interpreter(workspace: Path, asked: str = "") -> Interpreter:
    """Return the Python that runs the tests of a project.

    Parameters
    ----------
    workspace : Path
        The project's folder.
    asked : str, optional
        A path that a person named.

    Raises
    ------
    UsageError
        There is nothing at that path.
    MissingTool
        That Python has no pytest.
    """
    own = Interpreter(Path(sys.executable), is_own=True)
    if asked:
        path = (workspace / Path(asked).expanduser()).absolute()
        if not path.is_file():
            raise UsageError(
                f"--python {asked} cannot be", why=f"there is no file {path}", fix="check the path"
            )
        if not _has_pytest(path) and _is_environment(path):
            raise MissingTool(f"{asked} has no pytest", fix=f"%autoexec sh {path} -m pip install pytest")
        return Interpreter(path, is_own=path.samefile(own.path) and path.parent == own.path.parent)
    for name in _FOLDERS:
        path = workspace / name / "bin" / "python"
        if path.is_file() and _is_environment(path) and _has_pytest(path):
            return own if path == own.path else Interpreter(path, is_own=False)
    return own


def _is_environment(python: Path) -> bool:
    """Whether it is a virtual environment's: PEP 405."""
    return (python.parent.parent / _SETTINGS).is_file()


def _has_pytest(python: Path) -> bool:
    return _has(python, "pytest")


def _has(python: Path, package: str) -> bool:
    return any(python.parent.parent.glob(f"lib/python3*/site-packages/{package}/__init__.py"))


def _base(python: Path, root: Path) -> tuple[Path, ...]:
    """Return what is read of the Python that an environment was made from.

    The environment lies in the project, so a run can write that it was made
    from any folder. Hence `home` opens a Python's installation only: there is
    the very program that the environment has, beside the library that it needs.
    Of such a one nothing is opened but what Python reads, and nothing at all
    where it is the home, or a folder around it.
    """
    try:
        program = _program(python, root)
        prefix = program.parent.parent if program else None
        if prefix is None or cage.secret_in(str(prefix)) or not any(prefix.glob("lib*/py*/os.py")):
            return ()
        return tuple(part for part in _there(prefix, _OF_BASE) if not cage.secret_in(str(part)))
    except (OSError, ValueError):  # not to be read; no path at all
        return ()


def _program(python: Path, root: Path) -> Path | None:
    """Return the program, links resolved, that an environment's is a link to, or a copy of."""
    with (root / _SETTINGS).open("rb") as file:
        lines = file.read(_MOST_BYTES).decode("utf-8", "replace").splitlines()
    settings = ((name.strip(), value.strip()) for name, _, value in (line.partition("=") for line in lines))
    home = next((value for name, value in settings if name == "home"), "")
    if not home.startswith("/"):
        return None
    target = python.resolve()
    names = [target.name, python.name, "python3", "python"]
    names += [python.readlink().name] if python.is_symlink() else []
    for name in dict.fromkeys(names):
        found = Path(home, name).resolve()
        if not (found.is_file() and os.access(found, os.X_OK)):
            continue
        if not (found.parent.name == "bin" and found.name.startswith("py")):
            continue
        is_copy = target.is_relative_to(root.resolve()) and filecmp.cmp(target, found, shallow=False)
        if found == target or is_copy:
            return found
    return None


def _there(folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """Return those that are in a folder, links resolved: one that a run made may have links that lead out."""
    real = folder.resolve()
    found = ((folder / name).resolve() for name in names)
    return tuple(dict.fromkeys(path for path in found if path.exists() and path.is_relative_to(real)))
