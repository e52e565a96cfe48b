"""Where a build may put what it makes: in the workspace, and in no folder there that decides what runs.

`out` is the project's word, and a `dist` that is a link is one, too. A folder of
site-packages, of kernels or of hooks would make of an artifact what is started
the next time that anybody starts something. So it is asked here, when a build is
planned and again before anything is written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..config import own_folders
from ..errors import BuildError
from .artifacts import Source
from .inputs import NO_INPUT

_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")  #: what is in the folder of an environment
_PACKAGES = frozenset((*NO_INPUT, "site-packages", "dist-packages"))
FIX = 'out = "dist" in [tool.autoexec.build]'  #: where nothing can be put


def place_of(source: Source) -> Path:
    """Return the folder for files, with no link left in its path below the workspace.

    Raises
    ------
    BuildError
        It is outside of the workspace, or in a folder that decides what runs.
    """
    named = source.setting("out") or "dist"
    try:
        place, workspace = source.out.resolve(), source.workspace.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise BuildError(f"{named!r} cannot be where files are put", why=str(error), fix=FIX) from error
    if not place.is_relative_to(workspace):
        why = (
            "it is a link that leads out of the workspace"
            if _is_linked(source)
            else "it is not in the workspace"
        )
        raise BuildError(f"{named!r} cannot be where files are put", why=why, fix=FIX)
    if why := _governs(place, workspace):
        raise BuildError(f"{named!r} cannot be where files are put", why=why, fix=FIX)
    return source.workspace / place.relative_to(workspace)


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yield an empty file of ours beside `target`, which has its name once the block ends well, else is gone.

    Nobody can have put a link at a name that nobody can guess, and a link at
    `target` is replaced, not followed.

    Raises
    ------
    OSError
        It cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _is_linked(source: Source) -> bool:
    plain = Path(os.path.normpath(source.out.absolute()))
    return plain.is_relative_to(source.workspace.absolute())


def _governs(place: Path, workspace: Path) -> str:
    """Return why what lies in a folder may decide what runs, or ""."""
    parts = place.relative_to(workspace).parts
    for size, part in enumerate(parts, 1):
        if part.startswith(".") or part.lower() in _PACKAGES:
            return f"{part} holds what tools read and run"
        folder = workspace.joinpath(*parts[:size])
        if any(os.path.lexists(folder / name) for name in _ENVIRONMENT):
            return f"{part} is an environment of Python"
    if any(place.is_relative_to(each.resolve()) for each in own_folders()):
        return "it is a folder of Jupyter's or of autoexec's own"
    return ""
