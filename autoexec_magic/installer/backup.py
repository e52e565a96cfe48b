"""Keep what an install is about to replace, and put it back where the install did not end well.

The files themselves are kept, not a note of where they came from: they may
have been changed since, and no index need have them any more.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .installed import places
from .known import normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Copies of files below `folder`; `files` maps each place to its copy."""

    folder: Path | None
    files: dict[Path, Path]

    def put_back(self) -> None:
        """Put every file back where it was; what is as it was stays untouched."""
        for place, copy in self.files.items():
            with contextlib.suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                part = place.with_name(f".{place.name}.autoexec-part")
                shutil.copy2(copy, part, follow_symlinks=False)
                part.replace(place)


@contextlib.contextmanager
def kept(names: Sequence[str], cache: Path | None) -> Iterator[Backup]:
    """Keep the files of the installed distributions `names` while the block runs.

    Parameters
    ----------
    names : sequence of str
        Distributions, however spelt.
    cache : Path or None
        Where copies are made; the system's own place for such by default.
    """
    wanted = {normal(name) for name in names}
    if not wanted:
        yield Backup(folder=None, files={})
        return
    if cache is not None:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="before-", dir=cache))
    try:
        yield Backup(folder=folder, files=_copied(wanted, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(wanted: set[str], folder: Path) -> dict[Path, Path]:
    prefix = os.path.realpath(places().data)
    found: dict[Path, Path] = {}
    sites = sorted({places().purelib, places().platlib})
    for distribution in metadata.distributions(path=sites):
        if normal(distribution.name or "") not in wanted:
            continue
        for file in distribution.files or ():
            place = Path(os.path.normpath(str(distribution.locate_file(file))))
            is_inside = Path(os.path.realpath(place.parent)).is_relative_to(prefix)
            if is_inside and (place.is_file() or place.is_symlink()):
                copy = folder / str(len(found))
                shutil.copy2(place, copy, follow_symlinks=False)
                found[place] = copy
    return found
