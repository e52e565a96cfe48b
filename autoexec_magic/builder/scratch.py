"""Folders that are gone after a build; those of a build that was killed, by the next one.

Who works in a folder holds a lock on it, which ends with the process however
that ends. So what bears our name, is this user's and is held by nobody was left
behind. One that has just been made may not be held yet, and is left alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_FRESH_SECONDS = 10.0


@contextlib.contextmanager
def folder(parent: Path, *, prefix: str, suffix: str = "") -> Iterator[Path]:
    """Yield a new folder below `parent`, which is gone afterwards, and remove what killed builds left there.

    Raises
    ------
    OSError
        It cannot be made.
    """
    sweep(parent, prefix=prefix, suffix=suffix)
    made = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
    held = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: then nobody's is swept
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(held)


def sweep(parent: Path, *, prefix: str, suffix: str = "") -> None:
    """Remove the folders below `parent` that builds left which were killed."""
    with contextlib.suppress(OSError), os.scandir(parent) as found:
        for each in found:
            if each.name.startswith(prefix) and each.name.endswith(suffix):
                _remove_if_left(Path(each.path))


def _remove_if_left(path: Path) -> None:
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        status = os.fstat(held)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return
        if time.time() - status.st_ctime < _FRESH_SECONDS:
            return
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return  # somebody is at work in it
    finally:
        os.close(held)
