"""An app's folder put in its place: written under another name, tried, and renamed when it is whole.

A folder there that `build app` did not make is somebody's, and stays. One that
holds the same bytes stays too, with its times.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from ...errors import BuildError
from .. import scratch
from ..artifacts import BuildPlan, Input
from ..inputs import digest_of, inputs_of, usual
from .project import APP, Project


@contextlib.contextmanager
def written(project: Project, place: Path) -> Iterator[Path]:
    """Yield a folder with all files of an app, beside its place; unless it is moved, it is gone afterwards.

    Raises
    ------
    BuildError
        It cannot be written, or a file beside the notebook was changed since it was read.
    """
    with contextlib.ExitStack() as stack:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            own = scratch.folder(place.parent, prefix=f".{place.name}.", suffix=".part")
            made = stack.enter_context(own) / place.name
            _write(project, made)
        except OSError as error:
            raise _unwritten(place, error) from error
        yield made


def put(made: Path, place: Path) -> bool:
    """Move a folder to its place, and return whether the same was there already.

    Raises
    ------
    BuildError
        What is there is not ours, or it cannot be moved.
    """
    refuse_foreign(place)
    try:
        if place.exists():
            if files_of(place) == files_of(made):
                return True
            place.rename(made.parent / "old")
        try:
            made.rename(place)
        except OSError:
            with contextlib.suppress(OSError):
                (made.parent / "old").rename(place)
            raise
    except OSError as error:
        raise _unwritten(place, error) from error
    return False


def refuse_foreign(place: Path) -> None:
    """Refuse a place where something is that no build of an app made.

    Raises
    ------
    BuildError
        There is.
    """
    if place.is_symlink() or (place.exists() and not (place / APP).is_file()):
        raise BuildError(
            f"{place.name} in {place.parent.name} is there already, and was not made by build app",
            why=f"it has no {APP}",
            fix='move it away, or name = "ANOTHER" in [tool.autoexec.build] of pyproject.toml',
        )


def files_of(folder: Path) -> tuple[Input, ...]:
    """Return the files of an app's folder, without what Python keeps in it."""
    return inputs_of(folder, usual)


def digest(files: tuple[Input, ...], plan: BuildPlan) -> str:
    """Return one digest of all files of a folder: `sha256:` and 64 digits."""
    import dataclasses

    return dataclasses.replace(plan, inputs=files).inputs_digest


def _write(project: Project, folder: Path) -> None:
    for path, content in project.made.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o644)
    for path, source, read in project.copied:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, file, follow_symlinks=False)
        if not file.is_symlink():
            file.chmod(0o755 if read.is_executable else 0o644)
            if digest_of(file)[0] != read.digest:
                raise BuildError(f"{path} was changed while it was built", fix="build it again")


def _unwritten(place: Path, error: OSError) -> BuildError:
    return BuildError(
        f"{place} cannot be written",
        why=error.strerror or str(error),
        fix=f'make room in {place.parent}, or out = "FOLDER" in [tool.autoexec.build] of pyproject.toml',
    )
