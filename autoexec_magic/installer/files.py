"""A person's file replaced by a newer version: whole or not at all, never over somebody's change."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path

from ..config import workspace
from ..errors import PhaseError


def replace(path: Path, old: bytes | None, new: bytes) -> None:
    """Replace a file that still holds `old` by one that holds `new`, whole or not at all.

    What was a link stays one, if it stays in the project. None for `old` is a file that was not there.

    Raises
    ------
    PhaseError
        It may not be written, or somebody changed it meanwhile; it is as it was.
    """
    _refuse_leading_away(path)
    check_writable(path if old is not None else path.parent)
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with _removed_on_failure(temporary):
            there = path.stat() if old is not None else None
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
                file.write(new)
                if there is not None:
                    with contextlib.suppress(PermissionError):  # root's change of it leaves it its owner's
                        os.fchown(file.fileno(), there.st_uid, there.st_gid)
                os.fchmod(file.fileno(), there.st_mode & 0o7777 if there else 0o666 & ~_umask())
                file.flush()
                os.fsync(file.fileno())
            if (path.read_bytes() if path.exists() else None) != old:
                raise PhaseError(
                    f"{path.name} was changed meanwhile, and is left as it is",
                    why="somebody else wrote it while names were looked for",
                    fix="save it, then once more: %autoexec fix",
                )
            temporary.replace(path)
    except OSError as error:
        raise _unwritten(path, error.strerror or str(error)) from error


def check_writable(path: Path) -> None:
    """Raise `PhaseError` where a file is read-only, its folder may not be written, or a link leads away.

    A project that somebody sent could have a link to any file of the person's
    under the name of its requirements.
    """
    _refuse_leading_away(path)
    path = path.resolve()
    try:
        is_marked = not path.stat().st_mode & 0o222  # which root would not be told
    except OSError as error:
        raise _unwritten(path, error.strerror or str(error)) from error
    if is_marked or not os.access(path, os.W_OK):
        raise _unwritten(path, "it is read-only")
    if path.is_file() and not os.access(path.parent, os.W_OK):
        raise _unwritten(path, f"its folder {path.parent} is read-only")


def _refuse_leading_away(path: Path) -> None:
    if not path.is_symlink():
        return
    place = path.resolve()
    if not place.is_relative_to(workspace(path.parent).resolve()):
        raise PhaseError(
            f"cannot write {path.name}",
            why=f"it is a link to {place}, outside of its project",
            fix=f"put a file in its place; or, if that one is meant: %autoexec fix {shlex.quote(str(place))}",
        )


def _unwritten(path: Path, why: str) -> PhaseError:
    return PhaseError(f"cannot write {path.name}", why=why, fix=f"chmod u+w {path.name}, or fix --check")


@contextlib.contextmanager
def _removed_on_failure(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the mask of new files, from where it can be read without changing it for other threads."""
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        return next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))
    except (OSError, StopIteration, ValueError):
        return 0o022
